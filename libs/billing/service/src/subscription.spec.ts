import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_CATALOGUE, parseCatalogue } from '#billing/contract';
import { position, type Actor } from '#kernel';
import { specify } from '#testing';
import { readCatalogue } from './plan-catalogue.service.ts';
import { subscriptionsProjection, type SubscriptionDocument } from './overview/subscriptions.projection.ts';
import { subscriptionDecider } from './subscription.decider.ts';
import type { SubscriptionEvent } from './subscription.events.ts';

const ada: Actor = { id: 'ada', kind: 'person', isGlobalAdmin: false };
const started: SubscriptionEvent = { type: 'subscription.started.v1', data: { plan: 'developer' } };
const move = { from: 'developer', to: 'enterprise' };
const requested: SubscriptionEvent = { type: 'subscription.change-requested.v1', data: move };
const changed: SubscriptionEvent = { type: 'subscription.plan-changed.v1', data: move };
const refused: SubscriptionEvent = { type: 'subscription.change-refused.v1', data: { ...move, over: ['members'] } };
const request = {
  type: 'request-change',
  plan: 'enterprise',
  defaultPlan: 'developer',
  known: ['developer', 'enterprise'],
  selfService: ['developer', 'enterprise'],
  contact: 'platform@acme.dev',
  pricingUrl: 'https://plans.example',
} as const;
const over = [{ limit: 'members', words: 'Too many.', detail: {} }];
const { given } = specify(subscriptionDecider);

describe('a subscription', () => {
  it('starts once', () => {
    given().when({ type: 'start', plan: 'developer' }, ada).thenRecorded(started);
    given(started).when({ type: 'start', plan: 'enterprise' }, ada).thenNothingRecorded();
  });
  it('records a change before the first limit is set', () => given(started).when(request, ada).thenRecorded(requested));
  it('can be changed before it was started', () => given().when(request, ada).thenRecorded(requested));
  it('has one change at a time', () =>
    given(started, requested)
      .when({ ...request, plan: 'developer' }, ada)
      .thenRejected({ code: 'billing/change-under-way', kind: 'conflict' }));
  it('ends once, with its last plan, also during a change or before it was started', () => {
    const end = { type: 'end', defaultPlan: 'developer' } as const;
    const ended = (plan: string): SubscriptionEvent => ({ type: 'subscription.ended.v1', data: { plan } });
    given(started, requested, changed).when(end, ada).thenRecorded(ended('enterprise'));
    given(started, requested).when(end, ada).thenRecorded(ended('developer'));
    given().when(end, ada).thenRecorded(ended('developer'));
    given(started, ended('developer')).when(end, ada).thenNothingRecorded();
    given(ended('developer')).when({ type: 'start', plan: 'developer' }, ada).thenNothingRecorded();
    given(started, ended('developer'))
      .when(request, ada)
      .thenRejected({ code: 'billing/subscription-ended', kind: 'not-found' });
    given(started, requested, ended('developer'))
      .when({ type: 'complete-change', plan: 'enterprise', defaultPlan: 'developer' }, ada)
      .thenRejected({ code: 'billing/change-ended' });
  });
  it('rejects a plan that is not in the catalogue', () =>
    given(started)
      .when({ ...request, plan: 'enterprize' }, ada)
      .thenRejected({ code: 'billing/unknown-plan', kind: 'invalid', fix: expect.stringContaining('enterprise') }));
  it.each(['enterprise', 'developer'])(
    'lets only global admins change to or from a plan that is not self-service: %s',
    (reserved) => {
      const selfService = ['developer', 'enterprise'].filter((name) => name !== reserved);
      given(started)
        .when({ ...request, selfService }, ada)
        .thenRejected({
          code: 'billing/not-self-service',
          kind: 'forbidden',
          detail: `The platform admin sets plan ${reserved}.`,
          fix: 'ask platform@acme.dev, or see https://plans.example',
        });
      given(started)
        .when({ ...request, selfService }, { ...ada, isGlobalAdmin: true })
        .thenRecorded(requested);
    },
  );
  it('accepts a repeated request for the current plan, whoever sends it', () =>
    given(started)
      .when({ ...request, plan: 'developer', selfService: [] }, ada)
      .thenNothingRecorded());
  it('rejects a change to its current plan', () =>
    given(started, requested, changed).when(request, ada).thenNothingRecorded());
  it('changes when every limit is set, and completes only the change in progress', () => {
    given(started, requested)
      .when({ type: 'complete-change', plan: 'enterprise', defaultPlan: 'developer' }, ada)
      .thenRecorded(changed);
    given(started)
      .when({ type: 'complete-change', plan: 'enterprise', defaultPlan: 'developer' }, ada)
      .thenRejected({ code: 'billing/change-ended', kind: 'conflict' });
    given(started, requested, changed)
      .when({ type: 'complete-change', plan: 'enterprise', defaultPlan: 'developer' }, ada)
      .thenNothingRecorded();
  });
  it('A19: keeps its plan when the use exceeds the new limits', () => {
    given(started, requested)
      .when({ type: 'refuse-change', plan: 'enterprise', defaultPlan: 'developer', over }, ada)
      .thenRecorded(refused);
    given(started, requested, refused).when(request, ada).thenRecorded(requested);
  });
  it('refuses only the change in progress', () => {
    const refuse = { type: 'refuse-change', plan: 'enterprise', defaultPlan: 'developer', over } as const;
    given(started).when(refuse, ada).thenNothingRecorded();
    given(started, requested, changed).when(refuse, ada).thenNothingRecorded();
  });
  it('changes from its own plan, and from the default plan only before it was started', () => {
    const complete = { type: 'complete-change', plan: 'enterprise', defaultPlan: 'free' } as const;
    const refuse = { ...complete, type: 'refuse-change', over } as const;
    given(started, requested).when(complete, ada).thenRecorded(changed);
    given(started, requested).when(refuse, ada).thenRecorded(refused);
    const fromFree = { from: 'free', to: 'enterprise' };
    given(requested).when(complete, ada).thenRecorded({ type: 'subscription.plan-changed.v1', data: fromFree });
    given(requested)
      .when(refuse, ada)
      .thenRecorded({ type: 'subscription.change-refused.v1', data: { ...fromFree, over: ['members'] } });
  });
  it('has the revision at which the change in progress began, and the last refused change until the next one', () => {
    const stateAfter = (...events: SubscriptionEvent[]) =>
      events.reduce(subscriptionDecider.evolve, subscriptionDecider.initialState);
    const idle = { plan: 'developer', changingTo: undefined, changingSince: undefined, hasEnded: false };
    const changing = { ...idle, changingTo: 'enterprise', refused: undefined };
    const refusal = { to: 'enterprise', over: ['members'] };
    expect(stateAfter(started, requested)).toEqual({ ...changing, changingSince: 1, length: 2 });
    expect(stateAfter(started, requested, refused)).toEqual({ ...idle, refused: refusal, length: 3 });
    expect(stateAfter(started, requested, refused, requested)).toEqual({ ...changing, changingSince: 3, length: 4 });
    expect(stateAfter(started, requested, refused, requested, changed)).toEqual({
      ...idle,
      plan: 'enterprise',
      refused: undefined,
      length: 5,
    });
  });
});

describe('the view of a subscription', () => {
  const fold = (...events: SubscriptionEvent[]) =>
    events.reduce<SubscriptionDocument | undefined>((document, event, revision) => {
      const metadata = {
        id: 'e',
        stream: 'subscription-one',
        revision,
        position: position('teststore', revision + 1),
        recordedAt: `2026-01-0${revision + 1}T00:00:00.000Z`,
        actor: 'ada',
        commandId: 'c',
        correlationId: 'r',
        causationId: 'c',
      };
      return subscriptionsProjection.apply(document, { event, metadata }) as SubscriptionDocument | undefined;
    }, undefined);
  it('has the plan and when it took effect', () =>
    expect(fold(started, requested, changed)).toMatchObject({
      plan: 'enterprise',
      since: '2026-01-03T00:00:00.000Z',
      isChanging: false,
    }));
  it('has the previous plan while a change is in progress and after it was refused', () => {
    expect(fold(started, requested)).toMatchObject({
      plan: 'developer',
      since: '2026-01-01T00:00:00.000Z',
      isChanging: true,
      changingTo: 'enterprise',
    });
    expect(fold(started, requested, refused)).toMatchObject({ plan: 'developer', isChanging: false, changingTo: null });
  });
});

describe('a catalogue from a file', () => {
  it('use-I7: is read at startup, which fails if the file cannot be read or is invalid', () => {
    const folder = mkdtempSync(join(tmpdir(), 'plans-'));
    const file = join(folder, 'plans.json');
    const gold = {
      ...DEFAULT_CATALOGUE,
      plans: [{ ...DEFAULT_CATALOGUE.plans[0], name: 'gold' }],
      defaultPlan: 'gold',
    };
    expect(() => readCatalogue(file)).toThrow(`ASTRO_PLANS_FILE ${file} cannot be read (ENOENT).`);
    writeFileSync(file, JSON.stringify(gold));
    expect(readCatalogue(file)).toEqual(gold);
    writeFileSync(file, '{}');
    expect(() => readCatalogue(file)).toThrow(`ASTRO_PLANS_FILE ${file}: The plan catalog is invalid`);
    rmSync(folder, { recursive: true });
  });
  it('can be the default catalogue', () =>
    expect(parseCatalogue(JSON.stringify(DEFAULT_CATALOGUE))).toEqual({ ok: true, value: DEFAULT_CATALOGUE }));
  it.each([
    ['no JSON', '{'],
    ['an unknown member', JSON.stringify({ ...DEFAULT_CATALOGUE, price: 1 })],
    ['a default plan that is not there', JSON.stringify({ ...DEFAULT_CATALOGUE, defaultPlan: 'gold' })],
    [
      'one plan twice',
      JSON.stringify({ ...DEFAULT_CATALOGUE, plans: [DEFAULT_CATALOGUE.plans[0], DEFAULT_CATALOGUE.plans[0]] }),
    ],
  ])('is rejected with %s', (_what, text) =>
    expect(parseCatalogue(text)).toMatchObject({ ok: false, error: { code: 'billing/catalogue-invalid' } }),
  );
});

it('the example in the operator guide is a valid catalogue', () => {
  const guide = readFileSync(join(import.meta.dirname, '..', '..', '..', '..', 'docs', 'operator-guide.md'), 'utf8');
  const [, example = ''] = /### Plans[\s\S]*?```json\n([\s\S]*?)```/.exec(guide) ?? [];
  expect(parseCatalogue(example)).toMatchObject({ ok: true, value: { defaultPlan: 'team' } });
});
