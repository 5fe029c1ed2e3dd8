import type { Actor } from '#kernel';
import { specify } from '#testing';
import { entry } from '../testing/fixtures.ts';
import { attemptDecider, LEASE_MS, type AttemptCommand } from './attempt.decider.ts';
import type { AttemptEvent } from './attempt.events.ts';
import { mergeInventory } from './attempt.ts';

const worker: Actor = { id: 'system:deploy-worker', kind: 'system', isGlobalAdmin: false };
const of = { applicationId: 'a1', revision: 1 };
const claimed = (claim: number, incarnation = 'i1', name = 'w1', leaseUntilMs = LEASE_MS): AttemptEvent => ({
  type: 'attempt.claimed.v1',
  data: { ...of, claim, worker: name, incarnation, leaseUntilMs },
});
const claim = { type: 'claim', ...of, worker: 'w1', incarnation: 'i1', nowMs: 0 } as const;
const { given } = specify(attemptDecider);

describe('an attempt', () => {
  it('is claimed by one worker at a time', () => {
    given().when(claim, worker).thenRecorded(claimed(1));
    given(claimed(1)).when(claim, worker).thenNothingRecorded();
    given(claimed(1))
      .when({ ...claim, incarnation: 'i2' }, worker)
      .thenRecorded(claimed(2, 'i2'));
    given(claimed(1))
      .when({ ...claim, worker: 'w2' }, worker)
      .thenRejected({ code: 'deployments/claimed' });
    given(claimed(1))
      .when({ ...claim, worker: 'w2', nowMs: LEASE_MS }, worker)
      .thenRejected({ code: 'deployments/claim-expired' });
    given(claimed(1))
      .when({ ...claim, nowMs: LEASE_MS }, worker)
      .thenRejected({ code: 'deployments/claim-expired' });
  });
  it('is extended only by its present claim, and recorded only after half of the lease', () => {
    given(claimed(1))
      .when({ type: 'extend', ...of, claim: 1, nowMs: LEASE_MS / 2 }, worker)
      .thenNothingRecorded();
    given(claimed(1))
      .when({ type: 'extend', ...of, claim: 1, nowMs: LEASE_MS / 2 + 1 }, worker)
      .thenRecorded({
        type: 'attempt.extended.v1',
        data: { ...of, claim: 1, leaseUntilMs: LEASE_MS / 2 + 1 + LEASE_MS },
      });
    given(claimed(1), claimed(2, 'i2'))
      .when({ type: 'extend', ...of, claim: 1, nowMs: 1 }, worker)
      .thenRejected({ code: 'deployments/claim-lost' });
  });
  it('lapses when its lease expires, and then rejects all reports of its worker', () => {
    const lapsed: AttemptEvent = { type: 'attempt.lapsed.v1', data: { ...of, claim: 1 } };
    given(claimed(1))
      .when({ type: 'lapse', ...of, nowMs: LEASE_MS - 1 }, worker)
      .thenNothingRecorded();
    given(claimed(1))
      .when({ type: 'lapse', ...of, nowMs: LEASE_MS }, worker)
      .thenRecorded(lapsed);
    given(claimed(1), lapsed)
      .when({ type: 'end', ...of, claim: 1, nowMs: 0, outcome: { outcome: 'superseded' }, inventory: [] }, worker)
      .thenRejected({ code: 'deployments/claim-lost' });
  });
  it('records the inventory in the same append as the plan, split to fit into events', () => {
    const inventory = Array.from({ length: 200 }, (_, index) => entry('ConfigMap', `${'n'.repeat(240)}${index}`));
    const plan = { rendered: 'r', digest: 'd', changes: [], inventory, warnings: [] };
    const outcome = attemptDecider.decide(
      { type: 'report', ...of, claim: 1, step: { step: 'planned', plan }, nowMs: 0 },
      attemptDecider.evolve(attemptDecider.initialState, claimed(1)),
      worker,
    );
    if (!outcome.ok) throw new Error(outcome.error.code);
    expect(outcome.value.map(({ type }) => type)).toEqual([
      'attempt.inventory-recorded.v1',
      'attempt.inventory-recorded.v1',
      'attempt.inventory-recorded.v1',
      'attempt.planned.v1',
    ]);
    for (const event of outcome.value) expect(Buffer.byteLength(JSON.stringify(event))).toBeLessThan(60 * 1_024);
    const state = outcome.value.reduce(
      attemptDecider.evolve,
      attemptDecider.evolve(attemptDecider.initialState, claimed(1)),
    );
    expect(state).toMatchObject({ plan: { rendered: 'r', digest: 'd' } });
    expect(state.inventory).toHaveLength(200);
  });
  it('records steps that are reported together in one append, in their order', () => {
    const timed = { ...of, leaseUntilMs: 5 + LEASE_MS };
    const fetched: AttemptEvent = { type: 'attempt.fetched.v1', data: { ...timed, source: 'yaml inline' } };
    given(claimed(1))
      .when(
        {
          type: 'report',
          ...of,
          claim: 1,
          earlier: [{ step: 'fetched', source: 'yaml inline' }],
          step: { step: 'rendered', objects: 1, digest: 'd' },
          nowMs: 5,
        },
        worker,
      )
      .thenRecorded(fetched, { type: 'attempt.rendered.v1', data: { ...timed, objects: 1, digest: 'd' } });
    const end: AttemptCommand = {
      type: 'end',
      ...of,
      claim: 1,
      earlier: [
        { step: 'healthy', message: 'all objects ready' },
        { step: 'pruned', objects: [] },
      ],
      nowMs: 5,
      outcome: { outcome: 'superseded' },
      inventory: [],
    };
    const ended: AttemptEvent = {
      type: 'attempt.ended.v1',
      data: { ...of, claim: 1, outcome: { outcome: 'superseded' } },
    };
    given(claimed(1))
      .when(end, worker)
      .thenRecorded(
        { type: 'attempt.healthy.v1', data: { ...timed, message: 'all objects ready' } },
        { type: 'attempt.pruned.v1', data: { ...timed, objects: [] } },
        ended,
      );
    given(claimed(1), ended).when(end, worker).thenNothingRecorded();
  });
  it('records only what is left on the cluster when it succeeded', () => {
    const history: AttemptEvent[] = [
      claimed(1),
      { type: 'attempt.inventory-recorded.v1', data: { ...of, entries: [entry('Deployment', 'old')] } },
    ];
    const ended = attemptDecider.decide(
      {
        type: 'end',
        ...of,
        claim: 1,
        nowMs: 0,
        outcome: { outcome: 'succeeded', message: 'a\nb', endpoint: null, replicas: null },
        inventory: [entry('Deployment', 'web')],
      },
      history.reduce(attemptDecider.evolve, attemptDecider.initialState),
      worker,
    );
    if (!ended.ok) throw new Error(ended.error.code);
    const state = [...history, ...ended.value].reduce(attemptDecider.evolve, attemptDecider.initialState);
    expect(state).toMatchObject({
      status: 'ended',
      replacesEarlier: true,
      inventory: [{ name: 'web' }],
      outcome: { message: 'a b' },
    });
  });
  it('keeps a known UID', () =>
    expect(mergeInventory([{ ...entry('Deployment', 'web'), uid: 'u' }], [entry('Deployment', 'web')])).toMatchObject([
      { uid: 'u' },
    ]));
});
