import { cpus, loadavg } from 'node:os'

/** What the figures were measured on; ratios are to be compared, not times. */
export function describeMachine(scale) {
  const [load] = loadavg()
  return `Node ${process.version}, ${cpus().length} processors, load ${load.toFixed(1)}, ${scale} run; ratios are medians (least–greatest) of pairs in turn`
}

export function printHeading(text) {
  process.stdout.write(`\n${text}\n`)
}

/** One line a row: verdict, name, ratio, the ratio of processor times, target, figure. */
export function printRow(row) {
  const parts = [
    verdictOf(row).padEnd(7),
    row.name.padEnd(54),
    describeRange(row.ratio).padEnd(28),
    (row.cpuRatio ? `cpu ${describeRange(row.cpuRatio)}` : '').padEnd(26),
    describeTarget(row).padEnd(12),
    [row.figure, row.extra].filter(Boolean).join('; '),
  ]
  process.stdout.write(`${parts.join(' ').trimEnd()}\n`)
}

/** The row as it stands in the JSON at the end. */
export function toJsonRow(row) {
  const { name, figure = null, ratio = null, cpuRatio = null, least = null, most = null } = row
  return { name, figure, ratio, cpuRatio, least, most, met: metOf(row) }
}

function metOf({ ratio, value = ratio?.median, least, most }) {
  if (least === undefined && most === undefined) return null
  return value >= (least ?? -Infinity) && value <= (most ?? Infinity)
}

function verdictOf(row) {
  const met = metOf(row)
  if (met === null) return ''
  return met ? 'met' : 'NOT MET'
}

function describeTarget({ least, most, unit = '' }) {
  if (least !== undefined) return `≥ ${least}`
  return most === undefined ? '' : `≤ ${most} ${unit}`
}

function describeRange(range) {
  if (range === undefined) return ''
  const { median, min, max } = range
  return min === undefined ? show(median) : `${show(median)} (${show(min)}–${show(max)})`
}

function show(number) {
  return number >= 100 ? Math.round(number).toLocaleString('en') : number.toFixed(2)
}
