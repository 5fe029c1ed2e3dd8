import type { Actor } from '#kernel';
import { specify } from '#testing';
import { aConfiguration, aProfile, aRegistration } from '../testing/facts.ts';
import { catalogDecider } from './catalog.decider.ts';
import type { CatalogEvent, NewName } from './catalog.events.ts';

const ada: Actor = { id: 'ada', kind: 'person', isGlobalAdmin: false };
const cluster: NewName = { kind: 'cluster', name: 'dev', id: 'c1', counted: true, refers: null, intent: aRegistration };
const profile: NewName = { kind: 'profile', name: 'staging', id: 'p1', counted: true, refers: 'c1', intent: aProfile };
const web: NewName = {
  kind: 'application',
  name: 'web',
  id: 'a1',
  counted: true,
  refers: 'p1',
  intent: aConfiguration,
  namedNamespace: false,
};
const claimed = (data: NewName): CatalogEvent => ({ type: 'catalog.name-claimed.v1', data });
const counted: CatalogEvent = {
  type: 'catalog.deployment-counted.v1',
  data: { applicationId: 'a1', day: '2026-11-24' },
};
const limits = (more: object): CatalogEvent => ({
  type: 'catalog.limits-set.v1',
  data: { applications: 10, profiles: 5, clusters: 2, deploymentsPerDay: 100, ...more },
});
const base = [claimed(cluster), claimed(profile)];
const { given } = specify(catalogDecider);

describe('the catalog of an organization', () => {
  it('claims a name and counts its first deployment in the same append', () =>
    given(...base)
      .when({ type: 'claim', claim: web, day: '2026-11-24' }, ada)
      .thenRecorded(claimed(web), counted));
  it('records nothing when a name is claimed again, and keeps the existing object', () =>
    given(...base, claimed(web))
      .when({ type: 'claim', claim: { ...web, id: 'a2' }, day: '2026-11-24' }, ada)
      .thenNothingRecorded());
  it('reserves an id for an application that has secrets before its first revision', () => {
    const prepare = { type: 'prepare', name: 'web', id: 'a1' } as const;
    const prepared: CatalogEvent = {
      type: 'catalog.name-prepared.v1',
      data: { kind: 'application', name: 'web', id: 'a1' },
    };
    given(...base)
      .when(prepare, ada)
      .thenRecorded(prepared);
    given(...base, prepared)
      .when({ ...prepare, id: 'a2' }, ada)
      .thenNothingRecorded();
    given(...base, claimed(web))
      .when({ ...prepare, id: 'a2' }, ada)
      .thenNothingRecorded();
    given(...base, prepared)
      .when({ type: 'claim', claim: web }, ada)
      .thenRecorded(claimed(web));
    given(...base, prepared)
      .when({ type: 'claim', claim: { ...web, id: 'a2' } }, ada)
      .thenRejected({ code: 'deployments/contended' });
    given(...base, prepared, limits({ applications: 1 }))
      .when({ ...prepare, name: 'api', id: 'a2' }, ada)
      .thenRejected({ code: 'billing/application-limit' });
    const released: CatalogEvent = {
      type: 'catalog.name-released.v1',
      data: { kind: 'application', name: 'web', id: 'a1' },
    };
    given(...base, prepared, claimed(web), released)
      .when({ ...prepare, id: 'a2' }, ada)
      .thenRecorded({ ...prepared, data: { ...prepared.data, id: 'a2' } });
  });
  it('use-S1: points an application back to the profile of a revision, unless that profile was deleted', () => {
    const production: NewName = { ...profile, name: 'production', id: 'p2' };
    const back = { type: 'point-back', kind: 'application', name: 'web', id: 'a1', refers: 'p2' } as const;
    const moved: CatalogEvent = {
      type: 'catalog.reference-changed.v1',
      data: { kind: 'application', name: 'web', id: 'a1', refers: 'p2' },
    };
    const retiring: CatalogEvent = {
      type: 'catalog.name-retiring.v1',
      data: { kind: 'profile', name: 'production', id: 'p2' },
    };
    given(...base, claimed(production), claimed(web))
      .when(back, ada)
      .thenRecorded(moved);
    given(...base, claimed(production), claimed(web), moved)
      .when(back, ada)
      .thenNothingRecorded();
    given(...base, claimed(production), claimed(web), retiring)
      .when(back, ada)
      .thenNothingRecorded();
  });
  it('rejects an application beyond the limit', () =>
    given(...base, limits({ applications: 1 }), claimed(web))
      .when({ type: 'claim', claim: { ...web, name: 'api', id: 'a2' } }, ada)
      .thenRejected({ code: 'billing/application-limit', kind: 'limit' }));
  it('does not count objects that the platform created', () =>
    given(...base, limits({ clusters: 2 }), claimed({ ...cluster, name: 'sandbox', id: 'c0', counted: false }))
      .when({ type: 'claim', claim: { ...cluster, name: 'two', id: 'c2' } }, ada)
      .thenRecorded(claimed({ ...cluster, name: 'two', id: 'c2' })));
  it('rejects a deployment beyond the daily limit, and allows it the next day', () => {
    const history = [...base, claimed(web), limits({ deploymentsPerDay: 1 }), counted];
    const count = { type: 'count', kind: 'application', name: 'web', id: 'a1', refers: 'p1' } as const;
    given(...history)
      .when({ ...count, day: '2026-11-24' }, ada)
      .thenRejected({ code: 'billing/deployments-per-day-limit', kind: 'limit' });
    given(...history)
      .when({ ...count, day: '2026-11-25' }, ada)
      .thenRecorded({ type: 'catalog.deployment-counted.v1', data: { applicationId: 'a1', day: '2026-11-25' } });
  });
  it('rejects a reference to an object that is being deleted', () =>
    given(...base, { type: 'catalog.name-retiring.v1', data: { kind: 'profile', name: 'staging', id: 'p1' } })
      .when({ type: 'claim', claim: web }, ada)
      .thenRejected({ code: 'deployments/profile-not-found', kind: 'invalid' }));
  it('does not delete a profile that an application uses', () =>
    given(...base, claimed(web))
      .when({ type: 'retire', kind: 'profile', name: 'staging', id: 'p1' }, ada)
      .thenRejected({ code: 'deployments/profile-in-use' }));
  it('does not change the target of a profile that an application uses', () =>
    given(...base, claimed({ ...cluster, name: 'two', id: 'c2' }), claimed(web))
      .when({ type: 'claim', claim: { ...profile, refers: 'c2' } }, ada)
      .thenRejected({ code: 'deployments/profile-target-fixed' }));
  it('releases a name once, and only for its holder', () => {
    const release = { type: 'release', kind: 'application', name: 'web' } as const;
    given(...base, claimed(web))
      .when({ ...release, id: 'a1' }, ada)
      .thenRecorded({ type: 'catalog.name-released.v1', data: { kind: 'application', name: 'web', id: 'a1' } });
    given(...base, claimed({ ...web, id: 'a2' }))
      .when({ ...release, id: 'a1' }, ada)
      .thenNothingRecorded();
  });
  it('rejects limits below the current use, and changes none of them', () => {
    given(...base, claimed(web))
      .when({ type: 'set-limits', applications: 0, profiles: 5, clusters: 2, deploymentsPerDay: 100 }, ada)
      .thenRejected({
        code: 'deployments/limits-below-use',
        extra: { over: [{ limit: 'applications', used: 1, allowed: 0 }] },
      });
    given(...base)
      .when({ type: 'set-limits', applications: 10, profiles: 5, clusters: 2, deploymentsPerDay: 100 }, ada)
      .thenNothingRecorded();
  });
});
