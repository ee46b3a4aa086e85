import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

// Run by npm's prepack in the directory of a package: the compiler leaves behind what it made of a
// source that is gone, and the tarball would carry it.
for (const file of readdirSync('dist', { recursive: true, encoding: 'utf8' })) {
  const [base] = file.split(/\.(?:js|d\.ts)(?:\.map)?$/)
  if (base !== file && !existsSync(join('src', `${base}.ts`))) rmSync(join('dist', file))
}
