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
      fix: 'if a cluster is gone for good, keep the objects there: astroctl org delete --org acme --cascade --orphan',
    }));

  it('does not offer to keep the objects if they are kept already, or no application is left', () => {
    const waits = [{ application: 'web', reason: 'waiting for a worker', fix: null }];
    const contents = { ...nothing, applications: one('web'), waits };
    expect(deletionProgress(cascade, contents).fix).toContain('--orphan');
    expect(deletionProgress(of({ cascade: true, orphan: true }), contents).fix).toBeNull();
    expect(deletionProgress(cascade, { ...nothing, clusters: one('dev') })).toMatchObject({
      reason: 'still to be deleted: 1 registered cluster',
      fix: null,
    });
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
