import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../src/errors.js'
import { fromContextForgeSettings } from '../../src/tls/context-forge-settings.js'
import { parseFileOptions } from '../../src/tls/parse-file-options.js'

const yaml = { certfile: 'server.crt', keyfile: 'server.key', ca_bundle: 'ca.crt' }

describe('settings of ContextForge', () => {
  it('become options of tlsFromFiles that ask for a certificate', () => {
    const options = fromContextForgeSettings({ ...yaml, ssl_cert_reqs: 2, keyfile_password: 'x' })
    expect(options).toEqual({
      cert: 'server.crt',
      key: 'server.key',
      ca: 'ca.crt',
      passphrase: 'x',
      clientCertificate: 'required',
    })
    expect(parseFileOptions(options).clientCertificate).toBe('required')
  })

  it('are read from the environment before the YAML, an empty variable counting as absent', () => {
    const environment = {
      PLUGINS_SERVER_SSL_ENABLED: 'true',
      PLUGINS_SERVER_SSL_CERTFILE: 'env.crt',
      PLUGINS_SERVER_SSL_KEYFILE: '',
      PLUGINS_SERVER_SSL_CERT_REQS: '1',
      PLUGINS_SERVER_SSL_KEYFILE_PASSWORD: '',
    }
    expect(fromContextForgeSettings({ ...yaml, ssl_cert_reqs: 2 }, environment)).toEqual({
      cert: 'env.crt',
      key: 'server.key',
      ca: 'ca.crt',
      clientCertificate: 'request',
    })
    const alone = {
      PLUGINS_SERVER_SSL_CERTFILE: 'a',
      PLUGINS_SERVER_SSL_KEYFILE: 'b',
      PLUGINS_SERVER_SSL_CA_CERTS: 'c',
    }
    expect(fromContextForgeSettings(undefined, alone)).toEqual({
      cert: 'a',
      key: 'b',
      ca: 'c',
      clientCertificate: 'required',
    })
  })

  it.each<[Record<string, unknown>, Record<string, string>, string]>([
    [{ ssl_cert_reqs: 0 }, {}, 'asks for no client certificate'],
    [{}, { PLUGINS_SERVER_SSL_CERT_REQS: '0' }, 'asks for no client certificate'],
    [{ ssl_cert_reqs: 3 }, {}, 'must be 2, or 1'],
    [{ ssl_cert_reqs: true }, {}, 'must be 2, or 1'],
    [{ ssl_cert_reqs: '' }, {}, 'must be 2, or 1'],
    [{}, { PLUGINS_SERVER_SSL_CERT_REQS: 'two' }, 'must be 2, or 1'],
    [{ verify: false }, {}, 'setting "verify" must be true'],
    [{ check_hostname: false }, {}, 'setting "check_hostname" must be true'],
    [{ check_hostname: 'false' }, {}, 'setting "check_hostname" must be true'],
    [{}, { PLUGINS_SERVER_SSL_ENABLED: 'false' }, 'switches TLS off'],
    [{ certfile: 7 }, {}, 'setting "certfile" must be text'],
    [{ certfile: '' }, {}, '"certfile" is missing; it can also be in PLUGINS_SERVER_SSL_CERTFILE'],
    [{ ca_bundle: null }, {}, '"ca_bundle" is missing'],
    [{ cafile: 'x' }, {}, 'unknown setting "cafile"'],
  ])('%j with %j are refused', (change, environment, message) => {
    const convert = () => fromContextForgeSettings({ ...yaml, ...change }, environment)
    expect(convert).toThrow(ConfigurationError)
    expect(convert).toThrow(message)
  })

  it('that weaken TLS are taken where the caller says so in words, each for itself', () => {
    const weak = { ...yaml, ssl_cert_reqs: 0, verify: false, check_hostname: false }
    const accept = ['ssl_cert_reqs: 0', 'verify: false', 'check_hostname: false'] as const
    expect(fromContextForgeSettings(weak, {}, { accept })).toEqual({
      cert: 'server.crt',
      key: 'server.key',
      ca: 'ca.crt',
      clientCertificate: 'request',
    })
    for (const missing of accept) {
      const others = accept.filter((one) => one !== missing)
      expect(() => fromContextForgeSettings(weak, {}, { accept: others })).toThrow(
        ConfigurationError,
      )
    }
  })
})
