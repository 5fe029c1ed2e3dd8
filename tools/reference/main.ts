import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { referencePages } from './documents.ts';

/** Writes the generated pages of the documentation. */
const root = join(import.meta.dirname, '..', '..');
for (const [path, text] of Object.entries(referencePages(root))) {
  const file = join(root, 'docs', path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
