import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { referencePages } from './documents.ts';

/** Writes docs/reference anew. */
const root = join(import.meta.dirname, '..', '..');
mkdirSync(join(root, 'docs', 'reference'), { recursive: true });
for (const [file, text] of Object.entries(referencePages(root)))
  writeFileSync(join(root, 'docs', 'reference', file), text);
