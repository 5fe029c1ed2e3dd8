import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { referencePages } from './documents.ts';
import { errorCodes } from './errors.ts';

const root = join(import.meta.dirname, '..', '..');
const folder = join(root, 'docs', 'reference');

describe('docs/reference', () => {
  const pages = referencePages(root);

  it.each(Object.keys(pages))('%s is what `npm run reference` writes', (file) => {
    expect(readFileSync(join(folder, file), 'utf8')).toBe(pages[file]);
  });

  it('holds no page that nobody writes', () => {
    expect(readdirSync(folder).toSorted()).toEqual(Object.keys(pages).toSorted());
  });

  it('finds codes of refusals, of the edge, and of rollouts', () => {
    const codes = new Map(errorCodes(root).map(({ code, kind }) => [code, kind]));
    expect(codes.get('organization/not-found')).toBe('not-found');
    expect(codes.get('edge/too-many-requests')).toBe('429');
    expect(codes.has('deployments/image-not-found')).toBe(true);
  });
});
