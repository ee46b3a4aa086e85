/**
 * What is odd about the environment, for the log. The one place where the library reads
 * `process.env`, and only to warn: servers verify their clients whatever it says, but the same process
 * may be a client that verifies nobody, and Node tells no other way.
 */
export function findEnvironmentWarnings(): readonly string[] {
  return process.env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0'
    ? [
        'NODE_TLS_REJECT_UNAUTHORIZED=0 is set: clients in this process verify no server. Unset it, and give them the CA they need.',
      ]
    : []
}
