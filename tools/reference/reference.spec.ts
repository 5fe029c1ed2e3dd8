import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { percentKilled, readResults, resultProblems, withReasons } from '../mutants/results.ts';
import { SLICES } from '../mutants/slices.ts';
import { catalogueProblems, readCatalogue } from './attacks.ts';
import { referencePages } from './documents.ts';
import { errorCodes } from './errors.ts';
import { testTitles, titlesIn } from './test-titles.ts';

const root = join(import.meta.dirname, '..', '..');
const docs = join(root, 'docs');

describe('generated pages of the documentation', () => {
  const pages = referencePages(root);

  it.each(Object.keys(pages))('contain what `npm run reference` writes: %s', (path) => {
    expect(readFileSync(join(docs, path), 'utf8')).toBe(pages[path]);
  });

  it('are the only pages in docs/reference', () => {
    const generated = Object.keys(pages).filter((path) => path.startsWith('reference/'));
    expect(
      readdirSync(join(docs, 'reference'), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => relative(docs, join(entry.parentPath, entry.name)))
        .toSorted(),
    ).toEqual(generated.toSorted());
  });

  it('list codes of requests, of the edge, and of rollouts', () => {
    const codes = new Map(errorCodes(root).map(({ code, kind }) => [code, kind]));
    expect(codes.get('organization/not-found')).toBe('not-found');
    expect(codes.get('edge/too-many-requests')).toBe('429');
    expect(codes.has('deployments/image-not-found')).toBe(true);
    expect(codes.get('sources/redirected')).toBe('invalid'); // retired
  });

  it('give a message and a fix for each code of sources', () => {
    const errors = errorCodes(root).filter(({ code }) => /^sources\/(?!canceled|redirected)/.test(code));
    expect(errors.length).toBeGreaterThan(25);
    expect(errors.filter(({ detail, fix }) => detail === '' || fix === '')).toEqual([]);
    const refused = errors.find(({ code }) => code === 'sources/file-refused');
    expect(refused?.detail).toMatch(/^… .*\.$/);
  });
});

describe('the catalog of attacks and faults', () => {
  const catalogue = readCatalogue(root);

  it('has a test for each row, and a row for each id that a test title cites', () => {
    expect(catalogueProblems(catalogue, testTitles(root))).toEqual([]);
  });

  it('is reported with rows that have no test, and titles that cite no row', () => {
    const titles = [
      { file: 'a.spec.ts', title: 'A1, use-S1: refuses both' },
      { file: 'b.spec.ts', title: 'is refilled (F99)' },
    ];
    const rows = {
      A1: { attack: '', answer: '' },
      A2: { attack: '', answer: '' },
      'use-S1': { attack: '', answer: '' },
    };
    expect(catalogueProblems({ groups: [{ id: 'A', title: '', rows }] }, titles)).toEqual([
      'use-S1 is in group A; its id must be A and a number.',
      'No test title cites A2.',
      'b.spec.ts cites F99, which docs/security/attacks.yaml does not list.',
    ]);
  });

  it('is compared with the titles of all forms of tests', () => {
    const text = `
      describe('A1: one', () => {
        it.each([1, 2])('two %s', () => {});
        (server ? test : test.skip)(\`three \${bytes} bytes\`, () => {});
        describe.each(names)('four', () => {});
        expect('not a title').toBe('not a title');
      });`;
    expect(titlesIn('x.spec.ts', text).map(({ title }) => title)).toEqual([
      'A1: one',
      'two %s',
      'three … bytes',
      'four',
    ]);
  });
});

describe('the results of mutation testing', () => {
  const survivor = {
    file: 'libs/access/src/roles.ts',
    line: "export const ROLES = ['viewer', 'editor', 'admin', 'owner'] as const;",
    mutator: 'ArrayDeclaration',
    replacement: '[]',
    reason: 'none',
  };

  it('reach the required percentage, explain each survivor, and belong to the present sources', () => {
    expect(resultProblems(root, readResults(root))).toEqual([]);
  });

  it('are of files that exist', () => {
    const files = Object.values(SLICES).flatMap(({ sources, tests }) => [...sources, ...tests]);
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  });

  it('are reported if too few mutants were killed, a reason is missing, or a source was changed', () => {
    const survivors = [survivor, { ...survivor, reason: '' }, { ...survivor, line: 'is not there' }];
    expect(
      resultProblems(root, { 'access-decisions': { killed: 10, survivors }, other: { killed: 1, survivors: [] } }),
    ).toEqual([
      'In access-decisions, only 76.9 % of the mutants are killed.',
      `A survivor in libs/access/src/roles.ts has no reason: ${survivor.line}`,
      'libs/access/src/roles.ts no longer contains this line: is not there Run npm run mutants -- access-decisions.',
      'There is no slice other.',
    ]);
    expect(percentKilled({ killed: 899, survivors: [...Array<typeof survivor>(101)].fill(survivor) })).toBe(89.9);
  });

  it('keep the reason of each mutant that survives again', () => {
    const again = { ...survivor, reason: '' };
    expect(withReasons([again, again], [survivor])).toEqual([survivor, again]);
  });
});
