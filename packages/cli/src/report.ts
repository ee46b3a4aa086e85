import { styleText } from 'node:util'

/** What a command has done. */
export interface Report {
  readonly command: string
  readonly directory: string
  /** Paths by what they hold. */
  readonly files: Readonly<Record<string, string>>
  /** ISO 8601. */
  readonly notAfter: string
  /** The command to type next. */
  readonly next: string
}

/** Prints a report: one line a file and the next command, or one JSON object. */
export function writeReport(report: Report, options: { readonly json?: true }): void {
  process.stdout.write(options.json === true ? `${JSON.stringify(report)}\n` : toText(report))
}

function toText({ files, notAfter, next }: Report): string {
  const lines = [
    ...Object.values(files).map((path) => `${paint('green', 'wrote')} ${path}`),
    `valid until ${notAfter}`,
    `${paint('bold', 'next:')} ${next}`,
  ]
  return `${lines.join('\n')}\n`
}

function paint(style: 'green' | 'bold', text: string): string {
  const { NO_COLOR } = process.env
  const isColoured = process.stdout.isTTY === true && (NO_COLOR === undefined || NO_COLOR === '')
  return isColoured ? styleText(style, text, { validateStream: false }) : text
}
