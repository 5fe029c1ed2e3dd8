import { sandboxTarget, type SandboxTarget } from '#sandbox-cluster/cases';
import { temporaryFolder } from '#testing';
import { documentedDifferences, knownDifferences } from './differences.ts';
import { idOf, readFixtures } from './fixtures.ts';
import { contractCases } from './index.ts';
import { compareCase, staleDifferences, type Comparison } from './judge.ts';

const folder = temporaryFolder();
let target: SandboxTarget;
let comparison: Comparison;
beforeAll(async () => {
  target = await sandboxTarget(folder);
  comparison = { target, fixtures: readFixtures(), known: documentedDifferences(), prefix: 'case-e' };
});
afterAll(() => target.close());

const areas = [...new Set(contractCases.map(({ area }) => area))];

describe('the sandbox responds like the recorded server, except for the documented differences', () => {
  it.each(areas)(
    '%s',
    async (area) => {
      const failures: string[] = [];
      for (const [number, each] of contractCases.entries())
        if (each.area === area) failures.push(...(await compareCase(comparison, each, number)));
      expect(failures).toEqual([]);
    },
    60_000,
  );

  it('documents only differences that exist', async () => {
    expect(await staleDifferences(comparison, contractCases)).toEqual([]);
  });
});

describe('the suite', () => {
  it('has unique case names', () => {
    const ids = contractCases.map(idOf);
    expect(ids.filter((id, position) => ids.indexOf(id) !== position)).toEqual([]);
  });

  it('has at least ten cases in each area, and two hundred in total', () => {
    for (const area of areas)
      expect(contractCases.filter((each) => each.area === area).length).toBeGreaterThanOrEqual(10);
    expect(contractCases.length).toBeGreaterThanOrEqual(200);
  });

  it('has no recording without a case', () => {
    const ids = new Set(contractCases.map(idOf));
    expect([...readFixtures().keys()].filter((id) => !ids.has(id))).toEqual([]);
  });

  it('accepts no difference without a reason', () => {
    const list = (row: string) => `<!-- differences: begin -->\n${row}\n<!-- differences: end -->`;
    expect(() => knownDifferences(list('| `codes: a` | `0/body` |'))).toThrow('no case, place and reason');
    expect(knownDifferences(list('| `codes: a` | `0/body` | no container runs |')).get('codes: a')).toEqual(['0/body']);
  });
});
