/** A fenced block of a Markdown text. */
export interface Block {
  readonly language: string
  readonly text: string
}

/** The fenced blocks of a text, in order. */
export function parseBlocks(markdown: string): readonly Block[] {
  const fences = markdown.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)
  return [...fences].map(([, language = '', text = '']) => ({ language, text }))
}

/** What the links of a text that lead to files lead to, fences and fragments left out. */
export function parseRelativeLinks(markdown: string): readonly string[] {
  const prose = markdown.replace(/^```\w*\n[\s\S]*?^```$/gm, '')
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target.replace(/#.*$/, ''))
    .filter((target) => target !== '' && !/^[a-z]+:/.test(target))
}
