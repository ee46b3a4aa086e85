/**
 * Route patterns that may answer the same request have the same fold: Fastify can be told to ignore
 * case, doubled and trailing slashes, and what a parameter is called never matters.
 */
export function foldPrinted(pattern: string): string {
  return pattern
    .toLowerCase()
    .replaceAll(/\/+/g, '/')
    .replace(/(?<=.)\/$/, '')
    .replaceAll(/:\w+(?:\|:\w+)*/g, ':')
}

/**
 * The folds of a pattern as an application declares it: two if its last parameter is optional. In a
 * declaration `::` stands for a colon, and `%` for itself.
 */
export function foldDeclared(pattern: string): readonly string[] {
  const plain = pattern.replaceAll('%', '%25')
  const full = plain.replace(/\?\/?$/, '')
  const variants = full === plain ? [plain] : [full, full.replace(/\/:[^/()]*$/, '') || '/']
  return variants.map((variant) => foldPrinted(variant.replaceAll('::', ':')))
}
