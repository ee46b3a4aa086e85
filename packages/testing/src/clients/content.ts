/** The texts of content blocks, joined; blocks without text count for nothing. */
export function toText(content: unknown): string {
  const blocks: readonly unknown[] = Array.isArray(content) ? content : [content]
  return blocks.map(textOf).join('')
}

function textOf(block: unknown): string {
  if (typeof block !== 'object' || block === null || !('text' in block)) return ''
  return String(block.text)
}
