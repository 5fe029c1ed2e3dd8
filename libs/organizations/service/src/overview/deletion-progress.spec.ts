import type { OrganizationContents } from '#deployments/contract';
import { deletionProgress } from './deletion-progress.ts';

const nothing: OrganizationContents = {
  applications: { count: 0, names: [] },
  profiles: { count: 0, names: [] },
  clusters: { count: 0, names: [] },
  waits: [],
};
const one = (name: string) => ({ count: 1, names: [name] });
const of = (deletion: { cascade: boolean; orphan: boolean }) => ({ slug: 'acme', deletion });
const cascade = of({ cascade: true, orphan: false });

describe('the progress of a deletion', () => {
  it('says what is left, and what an application waits for', () =>
    expect(
      deletionProgress(cascade, {
        applications: { count: 2, names: ['api', 'web'] },
        profiles: one('staging'),
        clusters: one('dev'),
        waits: [
          { application: 'api', reason: 'deleting the objects', fix: null },
          { application: 'web', reason: 'cluster dev does not respond', fix: 'check the cluster' },
        ],
      }),
    ).toMatchObject({
      applications: 2,
      profiles: 1,
      clusters: 1,
      reason: 'still to be deleted: 2 applications, 1 profile, 1 registered cluster; web: cluster dev does not respond',
      fix: 'check the cluster; or keep the objects on their clusters: astroctl org delete --org acme --cascade --orphan',
    }));

  it('offers no orphan deletion if the objects are kept already, or nothing has failed', () => {
    const waits = [{ application: 'web', reason: 'cluster dev does not respond', fix: 'check the cluster' }];
    const contents = { ...nothing, applications: one('web'), waits };
    expect(deletionProgress(of({ cascade: true, orphan: true }), contents).fix).toBe('check the cluster');
    const waiting = { ...contents, waits: [{ application: 'web', reason: 'waiting for a worker', fix: null }] };
    expect(deletionProgress(cascade, waiting).fix).toBeNull();
  });

  it('without cascade waits for applications and clusters, and offers cascade', () =>
    expect(
      deletionProgress(of({ cascade: false, orphan: false }), {
        ...nothing,
        applications: one('web'),
        profiles: one('staging'),
      }),
    ).toMatchObject({
      profiles: 0,
      reason: 'still to be deleted: 1 application',
      fix: 'astroctl org delete --org acme --cascade',
    }));

  it('is about to be complete once nothing is left', () =>
    expect(deletionProgress(cascade, nothing)).toMatchObject({
      reason: 'nothing is left; it is completed in a few seconds',
      fix: null,
    }));

  it('is unknown while deployments does not respond', () =>
    expect(deletionProgress(cascade, undefined)).toMatchObject({
      applications: null,
      reason: expect.stringContaining('does not respond'),
    }));
});
