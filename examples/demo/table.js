import { paint } from './paint.js'

const columns = ['listed', 'callable']
const width = 8
const marks = {
  true: ['green', '✓'],
  false: ['red', '✗'],
  mixed: ['yellow', '?'],
}

/** The table of who may list and call what; `cell(caller, ask, name)` is true, false or 'mixed'. */
export function formatTable({ callers, rows: expected }, cell) {
  const gap = '  '
  const group = width * columns.length
  const left = (text) => text.padEnd(34)
  const heads = [
    left('') + callers.map((name) => gap + paint('bold', centre(name, group))).join(''),
    left('') +
      callers.map(() => gap + columns.map((name) => centre(name, width)).join('')).join(''),
  ]
  const rows = expected.map(({ kind, name }) => {
    const cells = callers.map((caller) =>
      columns.map((ask) => mark(cell(caller, ask, name))).join(''),
    )
    return left(`${kind.padEnd(9)}${name}`) + cells.map((text) => gap + text).join('')
  })
  return [...heads, ...rows].map((line) => line.trimEnd()).join('\n')
}

function mark(value) {
  const [style, sign] = marks[value]
  return centre(sign, width).replace(sign, paint(style, sign))
}

function centre(text, size) {
  const before = Math.ceil((size - text.length) / 2)
  return text.padStart(text.length + before).padEnd(size)
}
