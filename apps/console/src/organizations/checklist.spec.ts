import { checklistOf, troubled } from './checklist.ts';

const doneOf = (steps: Parameters<typeof checklistOf>[0]) =>
  checklistOf(steps, 'acme', 'https://astro.acme.dev')?.map(({ isDone }) => isDone);

describe('checklistOf', () => {
  it('shows what was done', () => {
    expect(doneOf({ hasLoginKey: true, clusters: 1, applications: 0, members: 1 })).toEqual([true, true, false, false]);
    expect(doneOf({ hasLoginKey: false, clusters: 0, applications: 2, members: 2 })).toEqual([
      false,
      false,
      true,
      true,
    ]);
  });

  it('shows nothing while something is unknown', () => {
    expect(doneOf({ hasLoginKey: undefined, clusters: 1, applications: 0, members: 1 })).toBeUndefined();
  });
});

describe('troubled', () => {
  it('returns what needs attention, degraded before failed before unknown', () => {
    const applications = [
      { name: 'd', status: 'RUNNING' },
      { name: 'c', status: 'UNKNOWN' },
      { name: 'b', status: 'FAILED' },
      { name: 'a', status: 'FAILED' },
      { name: 'e', status: 'DEGRADED' },
    ];
    expect(troubled(applications).map(({ name }) => name)).toEqual(['e', 'a', 'b', 'c']);
  });
});
