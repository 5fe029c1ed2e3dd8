import { hooksOf } from './rollout-tasks.service.ts';
import type { Application } from '../applications/application.ts';

type Revision = Pick<Application['revisions'][number], 'succeeded' | 'rollbackOf'>;

const of = (revisions: readonly Revision[], attempt: Parameters<typeof hooksOf>[1] = {}) => {
  const latest = revisions.at(-1);
  if (!latest) throw new Error('there is no revision');
  return hooksOf({ revisions: revisions as Application['revisions'] }, attempt, latest);
};
const done = { succeeded: true, rollbackOf: null };
const open = { succeeded: false, rollbackOf: null };

describe('hooks of an attempt', () => {
  it('are those of an installation until a revision has succeeded', () => {
    expect(of([open])).toBe('install');
    expect(of([open, open])).toBe('install');
  });

  it('are those of an upgrade afterwards, also if the same revision is deployed again', () => {
    expect(of([done, open])).toBe('upgrade');
    expect(of([open, done])).toBe('upgrade');
  });

  it('are those of a rollback if the revision is one', () =>
    expect(of([done, open, { succeeded: false, rollbackOf: 1 }])).toBe('rollback'));

  it('do not run when pods are only restarted or objects only reverted', () => {
    expect(of([done], { restart: '2026-12-01T00:00:00Z' })).toBe('none');
    expect(of([done], { heals: true })).toBe('none');
  });

  it('run if the revision that is restarted has never succeeded', () =>
    expect(of([done, open], { restart: '2026-12-01T00:00:00Z' })).toBe('upgrade'));
});
