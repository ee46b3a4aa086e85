import { describe, expect, it } from 'vitest'
import { foldDeclared, foldPrinted } from '../src/route-pattern.js'

describe('the fold of a route pattern', () => {
  it.each([
    ['/mcp', '/MCP'],
    ['/mcp', '/mcp/'],
    ['/mcp', '//mcp//'],
    ['/:team/mcp', '/:name/mcp'],
  ])('is the same for %s and %s', (one, other) => {
    expect(foldDeclared(one)).toEqual(foldDeclared(other))
  })

  it.each([
    ['/mcp', '/mcpx'],
    ['/mcp', '/mcp/*'],
    ['/mcp', '/mcp/:id'],
    ['/mcp', '/api/mcp'],
    ['/mcp', '/'],
    ['*', '/*'],
  ])('differs for %s and %s', (one, other) => {
    expect(foldDeclared(one)).not.toEqual(foldDeclared(other))
  })

  it('is two where the last parameter is optional', () => {
    expect(foldDeclared('/mcp/:id?')).toEqual([
      ...foldDeclared('/mcp/:id'),
      ...foldDeclared('/mcp'),
    ])
    expect(foldDeclared('/:id?')).toEqual([...foldDeclared('/:id'), ...foldDeclared('/')])
  })

  it.each([
    ['/a::b', '/a:b'],
    ['/a%b', '/a%25b'],
    ['/:one/x', '/:one|:two/x'],
    ['/Mcp', '/mcp'],
  ])('of a declared %s is that of a printed %s', (declared, printed) => {
    expect(foldDeclared(declared)).toEqual([foldPrinted(printed)])
  })
})
