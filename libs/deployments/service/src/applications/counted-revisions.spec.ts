import { revisionsCounted } from './counted-revisions.ts';

const at = (minute: number) => `2026-11-24T12:${String(minute).padStart(2, '0')}:00.000Z`;
const revision = (number: number, minute: number, rollbackOf: number | null = null) => ({
  revision: number,
  when: at(minute),
  rollbackOf,
});

describe('the revisions of counted deployments', () => {
  it('are those recorded before the next deployment was counted', () =>
    expect(revisionsCounted([at(20), at(10)], [revision(2, 20), revision(1, 11)])).toEqual([2, 1]));

  it('are unknown for a deployment that was counted and then refused', () =>
    expect(revisionsCounted([at(30), at(20), at(10)], [revision(2, 31), revision(1, 10)])).toEqual([2, undefined, 1]));

  it('are neither rollbacks, nor changes that no deployment was counted for', () =>
    expect(revisionsCounted([at(10)], [revision(4, 15), revision(3, 11), revision(2, 10, 1), revision(1, 5)])).toEqual([
      3,
    ]));
});
