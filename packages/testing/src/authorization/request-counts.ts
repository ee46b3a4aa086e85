/** How often each path of a server was asked for. */
export interface RequestCounts {
  /** Counts the path of a request URL and returns it. */
  add(url: string | undefined): string
  /** Of one path, or of all. */
  of(path?: string): number
}

export function createRequestCounts(): RequestCounts {
  const counts = new Map<string, number>()
  return {
    add(url = '/') {
      const { pathname } = new URL(url, 'https://localhost')
      counts.set(pathname, (counts.get(pathname) ?? 0) + 1)
      return pathname
    },
    of(path) {
      if (path !== undefined) return counts.get(path) ?? 0
      return [...counts.values()].reduce((sum, count) => sum + count, 0)
    },
  }
}
