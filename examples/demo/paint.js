import { styleText } from 'node:util'

const coloured = process.stdout.isTTY === true && !process.env.NO_COLOR

/** Colours on a terminal, plain text elsewhere and with NO_COLOR. */
export function paint(style, text) {
  return coloured ? styleText(style, text, { validateStream: false }) : text
}
