import { position, type Fact, type Projection, type Recorded } from '#kernel';
import type { CatalogEvent } from '../catalog/catalog.events.ts';
import { SILENT } from '../clusters/cluster.events.ts';
import { clustersProjection } from '../clusters/clusters.projection.ts';
import { profilesProjection } from '../profiles/profiles.projection.ts';
import { aConfiguration, aProfile, aRegistration } from '../testing/facts.ts';
import { applicationView } from './application-view.ts';
import type { ApplicationDocument, DeploymentFact } from './application-document.ts';
import { applicationsProjection } from './applications.projection.ts';
import { eventLinesProjection } from './events.projection.ts';
import { receiptsProjection } from './receipts.projection.ts';
import { revisionsProjection } from './revisions.projection.ts';

type Placed = readonly [stream: string, event: Fact];

/** Returns the documents by id after a history, as the projection runner would build them. */
function folded<E extends Fact, D>(projection: Projection<E, D>, history: readonly Placed[]): Map<string, D> {
  const documents = new Map<string, D>();
  history.forEach(([stream, event], index) => {
    if (!projection.events.categories.includes(stream.slice(0, stream.indexOf('-')))) return;
    const metadata = {
      id: `e${index}`,
      stream,
      revision: index,
      position: position('teststore', index + 1),
      recordedAt: `2026-11-24T12:00:${String(index).padStart(2, '0')}.000Z`,
      actor: 'ada',
      organizationId: 'o1',
      commandId: '',
      correlationId: '',
      causationId: '',
    };
    // the table of types above checks that it belongs to the family
    const recorded = { event, metadata } as Recorded<E>;
    const id = projection.documentId(recorded);
    if (id === undefined) return;
    const next = projection.apply(documents.get(id), recorded);
    if (next === undefined || typeof next === 'symbol') documents.delete(id);
    else documents.set(id, next);
  });
  return documents;
}

const claimed: CatalogEvent = {
  type: 'catalog.name-claimed.v1',
  data: {
    kind: 'application',
    name: 'web',
    id: 'a1',
    counted: true,
    refers: 'p1',
    intent: aConfiguration,
    namedNamespace: false,
  },
};
const ref = (number: number, revision: number) => ({ attemptId: `t${number}`, number, revision });
const app = (event: DeploymentFact): Placed => ['application-a1', event];
const begun: readonly Placed[] = [
  ['catalog-o1', claimed],
  app({ type: 'application.configured.v1', data: { ...aConfiguration, revision: 1 } }),
  app({ type: 'deployment.requested.v1', data: { ...ref(1, 1), kind: 'deploy', orphan: false, cause: 'apply' } }),
];
const step = (number: number, event: object): Placed => [`deployment-t${number}`, event as DeploymentFact];
const of = { applicationId: 'a1', revision: 1 };
const claimedAttempt = step(1, {
  type: 'attempt.claimed.v1',
  data: { ...of, claim: 1, worker: 'w', incarnation: 'i', leaseUntilMs: 1 },
});
const applied = (done: number) =>
  step(1, {
    type: 'attempt.applied.v1',
    data: { ...of, wave: 'workloads', objects: 2, done, all: 2, leaseUntilMs: 1 },
  });
const succeeded = app({
  type: 'deployment.succeeded.v1',
  data: { ...ref(1, 1), message: 'all pods ready', endpoint: 'https://web.acme.dev', replicas: '3/3' },
});
const health = (to: 'Healthy' | 'Degraded' | 'Missing', message = 'seen') =>
  app({ type: 'application.health-changed.v1', data: { health: to, message, code: null, replicas: null } });
const document = (...history: readonly Placed[]): ApplicationDocument => {
  const found = folded(applicationsProjection, history).get('a1');
  if (!found) throw new Error('there is no document');
  return found;
};

describe('the read model of applications', () => {
  it('shows an application from the claim of its name', () =>
    expect(document(['catalog-o1', claimed])).toMatchObject({
      name: 'web',
      key: 'o1/web',
      status: 'REQUESTED',
      revision: 0,
      unfinished: true,
    }));
  it.each([
    ['REQUESTED', []],
    ['RENDERING', [claimedAttempt]],
    ['APPLYING', [claimedAttempt, applied(1)]],
    ['PROGRESSING', [claimedAttempt, applied(2)]],
    ['RUNNING', [claimedAttempt, applied(2), succeeded]],
    ['DEGRADED', [claimedAttempt, succeeded, health('Missing')]],
    ['RUNNING', [claimedAttempt, succeeded, health('Missing'), health('Healthy')]],
    [
      'DEGRADED',
      [
        app({
          type: 'deployment.failed.v1',
          data: { ...ref(1, 1), code: 'x/y', message: 'no', fix: null, applied: true, serving: null },
        }),
      ],
    ],
    [
      'FAILED',
      [
        app({
          type: 'deployment.failed.v1',
          data: { ...ref(1, 1), code: 'x/y', message: 'no', fix: null, applied: false, serving: null },
        }),
        health('Healthy'),
      ],
    ],
  ])('is %s', (status, rest) => expect(document(...begun, ...rest)).toMatchObject({ status }));
  it('does not let an older attempt change the state of a newer one', () => {
    const newer: Placed[] = [
      app({ type: 'application.configured.v1', data: { ...aConfiguration, revision: 2 } }),
      app({ type: 'deployment.requested.v1', data: { ...ref(2, 2), kind: 'deploy', orphan: false, cause: 'apply' } }),
    ];
    expect(document(...begun, claimedAttempt, ...newer, applied(2), succeeded)).toMatchObject({
      status: 'REQUESTED',
      servingRevision: 1,
      attempt: { id: 't2', state: 'QUEUED' },
      open: ['t2'],
    });
  });
  it('shows the last known state, and UNKNOWN on a silent cluster', () => {
    const facts = { organization: 'acme', name: (id: string) => id, isSilent: true, awaited: [] };
    expect(applicationView(document(...begun, succeeded), facts)).toMatchObject({
      status: 'UNKNOWN',
      health: 'Unknown',
      sync: 'Unknown',
      message: `its cluster was ${SILENT.reason}`,
      replicas: '3/3',
    });
    expect(applicationView(document(...begun, succeeded), { ...facts, isSilent: false })).toMatchObject({
      status: 'RUNNING',
      sync: 'Synced',
      endpoint: 'https://web.acme.dev',
    });
  });
  it('keeps a deleted application, for its history', () =>
    expect(
      document(...begun, succeeded, app({ type: 'application.deleted.v1', data: {} }), [
        'catalog-o1',
        { type: 'catalog.name-released.v1', data: { kind: 'application', name: 'web', id: 'a1' } },
      ]),
    ).toMatchObject({ deleted: true, hasOpen: false }));
});

describe('the other read models', () => {
  it('keep a revision’s success when a later attempt ends', () => {
    const revisions = folded(revisionsProjection, [
      ...begun,
      succeeded,
      app({ type: 'deployment.requested.v1', data: { ...ref(2, 1), kind: 'delete', orphan: false, cause: 'delete' } }),
      app({
        type: 'deployment.failed.v1',
        data: { ...ref(2, 1), code: 'x', message: 'm', fix: null, applied: true, serving: null },
      }),
    ]);
    expect([...revisions.values()]).toMatchObject([
      { revision: 1, state: 'SUCCEEDED', succeeded: true, source: 'image images.acme.dev/web:1.4.2' },
    ]);
  });
  it('list events in order, without those that only the platform uses', () => {
    const lines = [
      ...folded(eventLinesProjection, [
        ...begun,
        claimedAttempt,
        step(1, { type: 'attempt.extended.v1', data: { ...of, claim: 1, leaseUntilMs: 2 } }),
        applied(2),
        succeeded,
      ]).entries(),
    ];
    expect(lines.map(([, line]) => line.step)).toEqual(['requested', 'claimed', 'applied', 'succeeded']);
    expect(lines.map(([id]) => id)).toEqual([...lines.map(([id]) => id)].sort());
  });
  it('show why a revision was applied, an attempt requested, and an application paused', () => {
    const message = 'fix the checkout';
    const history = [
      app({ type: 'application.configured.v1', data: { ...aConfiguration, message, revision: 1 } }),
      app({
        type: 'deployment.requested.v1',
        data: { ...ref(1, 1), kind: 'deploy', orphan: false, cause: 'apply', message },
      }),
      app({ type: 'application.paused.v1', data: { message: 'a migration runs' } }),
      app({ type: 'application.resumed.v1', data: {} }),
    ];
    expect([...folded(revisionsProjection, history).values()]).toMatchObject([{ revision: 1, message }]);
    expect([...folded(eventLinesProjection, history).values()].map((line) => line.message)).toEqual([
      'deployment requested, attempt 1: fix the checkout',
      'new revisions are recorded and not deployed: a migration runs',
      'new revisions are deployed again',
    ]);
  });
  it('keep the receipt of each attempt: who requested it, what it changed, and how it ended', () => {
    const changes = [
      { object: 'Deployment/web', action: 'update', fields: ['spec.replicas'], takesBackFrom: null },
      { object: 'Service/web', action: 'unchanged', fields: [], takesBackFrom: null },
    ];
    const planned = { rendered: 'rendered/o1/a1/d1', digest: 'd1', changes, changeCount: 1, warnings: ['w'] };
    const sync = {
      ...ref(2, 1),
      kind: 'deploy',
      orphan: false,
      cause: 'sync',
      message: 'why',
      failFast: true,
    } as const;
    const end = { code: 'x/y', message: 'no pods', fix: 'do it', applied: true, serving: null };
    const receipts = folded(receiptsProjection, [
      ...begun,
      claimedAttempt,
      step(1, { type: 'attempt.fetched.v1', data: { ...of, source: 'the source', leaseUntilMs: 1 } }),
      step(1, { type: 'attempt.rendered.v1', data: { ...of, objects: 2, digest: 'd1', leaseUntilMs: 1 } }),
      step(1, { type: 'attempt.planned.v1', data: { ...of, ...planned, leaseUntilMs: 1 } }),
      succeeded,
      app({ type: 'deployment.requested.v1', data: sync }),
      app({ type: 'deployment.failed.v1', data: { ...ref(2, 1), ...end } }),
      app({ type: 'deployment.requested.v1', data: { ...ref(3, 1), kind: 'delete', orphan: false, cause: 'delete' } }),
    ]);
    expect(receipts.get('a1/00000001')).toMatchObject({
      attemptCount: 2,
      attempts: [
        {
          number: 1,
          cause: 'apply',
          by: 'ada',
          state: 'SUCCEEDED',
          endedAt: '2026-11-24T12:00:07.000Z',
          result: 'all pods ready',
          fetched: 'the source',
          objects: 2,
          plan: { ...planned, changes: changes.slice(0, 1) },
        },
        {
          number: 2,
          cause: 'sync',
          message: 'why',
          failFast: true,
          state: 'FAILED',
          code: 'x/y',
          fix: 'do it',
          plan: null,
        },
      ],
    });
  });
  it('keep the newest attempts of a revision, and count all of them', () => {
    const many = Array.from({ length: 12 }, (_, index) =>
      app({
        type: 'deployment.requested.v1',
        data: { ...ref(index + 2, 1), kind: 'deploy', orphan: false, cause: 'self-heal' },
      }),
    );
    const receipt = folded(receiptsProjection, [...begun, ...many]).get('a1/00000001');
    expect(receipt?.attemptCount).toBe(13);
    expect(receipt?.attempts.map(({ number }) => number)).toEqual([4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
  });
  it('remove profiles and clusters when their names are released', () => {
    const profile: Placed[] = [
      [
        'catalog-o1',
        {
          type: 'catalog.name-claimed.v1',
          data: { kind: 'profile', name: 'staging', id: 'p1', counted: true, refers: 'c1', intent: aProfile },
        },
      ],
      ['profile-p1', { type: 'profile.created.v1', data: aProfile }],
    ];
    expect(folded(profilesProjection, profile).get('p1')).toMatchObject({
      revision: 1,
      intent: null,
    });
    expect(
      folded(profilesProjection, [
        ...profile,
        ['catalog-o1', { type: 'catalog.name-released.v1', data: { kind: 'profile', name: 'staging', id: 'p1' } }],
      ]).size,
    ).toBe(0);
    const cluster: Placed[] = [
      [
        'catalog-o1',
        {
          type: 'catalog.name-claimed.v1',
          data: { kind: 'cluster', name: 'dev', id: 'c1', counted: true, refers: null, intent: aRegistration },
        },
      ],
      ['cluster-c1', { type: 'cluster.registered.v1', data: { ...aRegistration, missing: ['list nodes'] } }],
    ];
    expect(folded(clustersProjection, cluster).get('c1')).toMatchObject({
      active: true,
      report: { state: 'LIMITED', reason: 'cannot list nodes' },
    });
    expect(
      folded(clustersProjection, [
        ...cluster,
        ['catalog-o1', { type: 'catalog.name-retiring.v1', data: { kind: 'cluster', name: 'dev', id: 'c1' } }],
      ]).get('c1'),
    ).toMatchObject({ active: false, report: { state: 'DELETING' } });
  });
});
