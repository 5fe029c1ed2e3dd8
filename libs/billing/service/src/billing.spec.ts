import { directoryEvents, type DirectoryFact } from '#access';
import { DEFAULT_CATALOGUE } from '#billing/contract';
import { refuse, reply, type RequestContext } from '#bus';
import type { InputOf } from '#bus/contract';
import type { setCatalogLimitsRequest } from '#deployments/contract';
import type { CommandRunner } from '#event-sourcing';
import { domainError, type Position } from '#kernel';
import { eventually, temporaryFolder } from '#testing';
import { answeringBus, killAtEachAppend, openEmbedded, type Embedded } from '#testing/embedded';
import { ChangingHandlers } from './changing/changing.handlers.ts';
import { LimitSetter } from './changing/limit-setter.service.ts';
import { PlanChangeReactor } from './changing/plan-change.reactor.ts';
import { PlanChange } from './changing/plan-change.service.ts';
import { EndingReactor } from './ending/ending.reactor.ts';
import { BillingQueries } from './overview/billing.queries.ts';
import { subscriptionsProjection } from './overview/subscriptions.projection.ts';
import { StartingReactor } from './starting/starting.reactor.ts';
import { subscriptionDecider } from './subscription.decider.ts';
import { subscriptionStream, type ChangeRequested } from './subscription.events.ts';

const ORGANIZATION = 'one';

/** Stubs of the services that own the limited objects, with their limits and current use. */
function owners() {
  const limits: Record<string, number> = { members: 5, activeKeys: 10, applications: 10 };
  const used: Record<string, number> = { members: 1, activeKeys: 0, applications: 0 };
  const set = (name: string, wanted: number, { dryRun }: RequestContext) => {
    if ((used[name] ?? 0) > wanted)
      return refuse(
        domainError(`${name}/over`, 'conflict', `${used[name]} ${name} are in use.`, {
          extra: { limit: wanted, used: used[name] ?? 0 },
        }),
      );
    if (!dryRun) limits[name] = wanted;
    return undefined;
  };
  const bus = answeringBus('billing', {
    'organizations.v1.limits.set': ({ members }: { members: number }, context) =>
      set('members', members, context) ?? reply({ members, used: used['members'] }),
    'access-keys.v1.limits.set': ({ activeKeys }: { activeKeys: number }, context) =>
      set('activeKeys', activeKeys, context) ?? reply({ activeKeys, used: used['activeKeys'] }),
    'deployments.v1.limits.set': (
      { organizationId: _id, ...wanted }: InputOf<typeof setCatalogLimitsRequest>,
      { dryRun },
    ) => {
      const { applications } = wanted;
      if ((used['applications'] ?? 0) > applications)
        return refuse(
          domainError('deployments/limits-below-use', 'conflict', 'Usage exceeds the limits.', {
            extra: { over: [{ limit: 'applications', used: used['applications'] ?? 0, allowed: applications }] },
          }),
        );
      if (!dryRun) limits['applications'] = applications;
      return reply(wanted);
    },
  });
  return { limits, used, bus };
}

describe('a new organization', () => {
  const folder = temporaryFolder();

  it('has the limits of the default plan in a catalog from a file', async () => {
    const { limits, bus } = owners();
    const [developer, ...others] = DEFAULT_CATALOGUE.plans;
    if (!developer) throw new Error('the built-in catalog has no plan');
    const plans = [{ ...developer, limits: { ...developer.limits, applications: 3 } }, ...others];
    const embedded = await openEmbedded(folder);
    try {
      const reactor = new StartingReactor(embedded.commands, new LimitSetter(bus), { ...DEFAULT_CATALOGUE, plans });
      const data = { name: 'One', slug: 'one', ownerId: 'ada', isDefault: false };
      const created: DirectoryFact = { type: 'organization.created.v1', data };
      const facts = {
        events: directoryEvents,
        initialState: null,
        evolve: () => null,
        decide: () => ({ ok: true, value: [created] }) as const,
      };
      const by = embedded.request({ kind: 'login', userId: 'ada' }, { organizationId: ORGANIZATION });
      await embedded.commands.run(facts, `organization-${ORGANIZATION}`, null, by);
      for (let times = 0; times < 2; times++)
        // the second time as after a restart
        for await (const stored of embedded.eventStore.readAll())
          if (stored.type === 'organization.created.v1')
            await reactor.react({ event: stored as DirectoryFact, metadata: stored });
      expect(limits).toEqual({ members: 5, activeKeys: 10, applications: 3 });
    } finally {
      await embedded.close();
    }
  });
});

describe('a deleted organization', () => {
  const folder = temporaryFolder();

  it.each([
    ['has a subscription that ends once', true],
    ['has a subscription that ends even if it has not started yet, and then does not start', false],
  ])('%s', async (_what, hasStarted) => {
    const embedded = await openEmbedded(`${folder}/${hasStarted}`);
    try {
      const { bus } = owners();
      const starting = new StartingReactor(embedded.commands, new LimitSetter(bus));
      const ending = new EndingReactor(embedded.commands);
      const facts: DirectoryFact[] = [
        { type: 'organization.created.v1', data: { name: 'One', slug: 'one', ownerId: 'ada', isDefault: false } },
        { type: 'organization.deletion-requested.v1', data: { name: 'One', slug: 'one' } },
        { type: 'organization.deleted.v1', data: {} },
      ];
      const decider = {
        events: directoryEvents,
        initialState: null,
        evolve: () => null,
        decide: () => ({ ok: true, value: facts }) as const,
      };
      const by = embedded.request({ kind: 'login', userId: 'ada' }, { organizationId: ORGANIZATION });
      await embedded.commands.run(decider, `organization-${ORGANIZATION}`, null, by);
      const react = async (reactor: StartingReactor | EndingReactor) => {
        for await (const stored of embedded.eventStore.readAll())
          if ((reactor.types as readonly string[]).includes(stored.type))
            await reactor.react({ event: stored as never, metadata: stored });
      };
      const order = hasStarted ? [starting, ending, ending, starting] : [ending, starting, ending];
      for (const reactor of order) await react(reactor); // more than once, as after a restart
      const recorded = [];
      for await (const stored of embedded.eventStore.read(subscriptionStream(ORGANIZATION))) recorded.push(stored);
      expect(recorded.map(({ type, actor }) => ({ type, actor }))).toEqual([
        ...(hasStarted ? [{ type: 'subscription.started.v1', actor: 'system:billing' }] : []),
        { type: 'subscription.ended.v1', actor: 'system:billing' },
      ]);
      const deleted = [];
      for await (const stored of embedded.eventStore.read(`organization-${ORGANIZATION}`)) deleted.push(stored);
      expect(recorded.at(-1)).toMatchObject({ data: { plan: 'developer' }, causationId: deleted.at(-1)?.id });
    } finally {
      await embedded.close();
    }
  });
});

describe('changing a plan', () => {
  const folder = temporaryFolder();
  const { limits, used, bus } = owners();
  let embedded: Embedded;
  let changing: ChangingHandlers;
  let queries: BillingQueries;
  beforeAll(async () => {
    embedded = await openEmbedded(folder);
    await embedded.sourcing.projections([subscriptionsProjection]);
    embedded.sourcing.reactors([new StartingReactor(embedded.commands, new LimitSetter(bus))]);
    changing = changingOver(embedded.commands);
    queries = new BillingQueries(embedded.readModels, embedded.commands);
  });
  afterAll(() => embedded.close());

  const owner = (key?: string) =>
    embedded.request(
      { kind: 'login', userId: 'ada' },
      { organizationId: ORGANIZATION, isGlobalAdmin: true, ...(key !== undefined && { key }) },
    );
  const changeTo = (plan: string, key?: string) => changing.change({ org: ORGANIZATION, plan }, owner(key));
  const changingOver = (commands: CommandRunner) =>
    new ChangingHandlers(new PlanChange(commands, new LimitSetter(bus)), embedded.clock);
  const resumptionOver = (commands: CommandRunner) =>
    new PlanChangeReactor(commands, new PlanChange(commands, new LimitSetter(bus)));
  /** Passes every change that began before `until` to the resumption, as after a restart. */
  const resumeAll = async (until?: Position) => {
    const resumption = resumptionOver(embedded.commands);
    for await (const stored of embedded.eventStore.readAll()) {
      if (stored.position === until) return;
      if (stored.type === 'subscription.change-requested.v1')
        await resumption.react({ event: stored as ChangeRequested, metadata: stored });
    }
  };
  const planOf = async () => {
    const response = await queries.plansOf({ organizationIds: [ORGANIZATION] });
    return response.ok ? response.value.plans[ORGANIZATION]?.plan : undefined;
  };

  it('starts with the default plan, which a reactor sets for a new organization', async () => {
    const created: DirectoryFact = {
      type: 'organization.created.v1',
      data: { name: 'One', slug: 'one', ownerId: 'ada', isDefault: false },
    };
    const facts = {
      events: directoryEvents,
      initialState: null,
      evolve: () => null,
      decide: () => ({ ok: true, value: [created] }) as const,
    };
    await embedded.commands.run(facts, `organization-${ORGANIZATION}`, null, owner());
    await eventually(async () =>
      expect(
        (await embedded.events()).filter(({ stream }) => stream === subscriptionStream(ORGANIZATION)),
      ).toMatchObject([{ type: 'subscription.started.v1', data: { plan: 'developer' } }]),
    );
  });

  it('is refused to owners for a plan that is not self-service, before any limit is set', async () => {
    const by = embedded.request({ kind: 'login', userId: 'ada' }, { organizationId: ORGANIZATION });
    expect(await changing.change({ org: ORGANIZATION, plan: 'enterprise' }, by)).toMatchObject({
      ok: false,
      error: {
        code: 'billing/not-self-service',
        detail: 'The platform admin sets plan enterprise.',
        fix: `ask a global admin, or see ${DEFAULT_CATALOGUE.pricingUrl}`,
      },
    });
    expect(limits).toEqual({ members: 5, activeKeys: 10, applications: 10 });
  });

  it('sets the limits in every owning service, then the plan', async () => {
    expect(await changeTo('enterprise')).toMatchObject({
      ok: true,
      value: { plan: 'enterprise', limits: { members: 1_000 } },
    });
    expect(limits).toEqual({ members: 1_000, activeKeys: 5_000, applications: 5_000 });
    expect(await planOf()).toBe('enterprise');
  });

  it('A19: rejects a downgrade below the use with all exceeded limits, and changes no limit', async () => {
    Object.assign(used, { members: 7, applications: 11 });
    const response = await changeTo('developer', 'first');
    expect(response).toMatchObject({
      ok: false,
      error: {
        code: 'billing/over-new-limits',
        kind: 'conflict',
        extra: {
          over: [
            { limit: 'members', allowed: 5, used: 7 },
            { limit: 'applications', allowed: 10, used: 11 },
          ],
        },
      },
    });
    expect(limits).toEqual({ members: 1_000, activeKeys: 5_000, applications: 5_000 });
    expect(await planOf()).toBe('enterprise');
  });

  it('returns the same error for a repeated request, even if the change would succeed by then', async () => {
    Object.assign(used, { members: 1, applications: 0 });
    expect(await changeTo('developer', 'first')).toMatchObject({
      ok: false,
      error: { code: 'billing/over-new-limits' },
    });
    expect(limits['members']).toBe(1_000);
    expect(await changeTo('developer')).toMatchObject({ ok: true });
    expect(limits).toEqual({ members: 5, activeKeys: 10, applications: 10 });
  });

  it('lists the exceeded limits in a dry run, and changes nothing', async () => {
    const before = (await embedded.events()).length;
    Object.assign(used, { members: 7 });
    const dry = (plan: string) => changing.change({ org: ORGANIZATION, plan }, { ...owner(), dryRun: true });
    expect(await dry('enterprise')).toMatchObject({ ok: true, value: { plan: 'enterprise' }, meta: {} });
    Object.assign(used, { members: 1_001 });
    expect(await dry('enterprise')).toMatchObject({
      ok: false,
      error: { code: 'billing/over-new-limits', extra: { over: [{ limit: 'members', used: 1_001 }] } },
    });
    Object.assign(used, { members: 1 });
    expect(limits).toEqual({ members: 5, activeKeys: 10, applications: 10 });
    expect(await embedded.events()).toHaveLength(before);
  });

  it('F21: ends a change that a crash interrupted, with the limits of the current plan', async () => {
    const request = {
      type: 'request-change',
      plan: 'enterprise',
      defaultPlan: 'developer',
      known: ['developer', 'enterprise'],
      selfService: [],
      pricingUrl: 'https://plans.example',
    } as const;
    const stream = subscriptionStream(ORGANIZATION);
    const left = await embedded.commands.run(subscriptionDecider, stream, request, owner());
    limits['members'] = 1_000; // the process was killed between two owners
    if (!left.ok) throw new Error(left.error.code);
    await resumeAll();
    expect(limits).toEqual({ members: 5, activeKeys: 10, applications: 10 });
    expect(await planOf()).toBe('developer');
    expect(await changeTo('enterprise')).toMatchObject({ ok: true });
    expect(await changeTo('developer')).toMatchObject({ ok: true });
  });

  it('F21: keeps plan and limits consistent wherever a change is killed, and accepts a new request', async () => {
    const kill = (to: string, key: string) =>
      killAtEachAppend(embedded, {
        attempt: (commands, n) => changingOver(commands).change({ org: ORGANIZATION, plan: to }, owner(`${key} ${n}`)),
        resumption: resumptionOver,
        async check() {
          const plan = await planOf();
          const expected = DEFAULT_CATALOGUE.plans.find(({ name }) => name === plan)?.limits;
          expect(limits).toMatchObject({ members: expected?.members, activeKeys: expected?.activeKeys });
        },
      });
    expect(await kill('enterprise', 'up')).toBe(2); // requested, changed
    Object.assign(used, { members: 7 });
    expect(await kill('developer', 'refused')).toBe(2); // requested, refused
    expect(await planOf()).toBe('enterprise');
    Object.assign(used, { members: 1 });
    expect(await kill('developer', 'down')).toBe(2);
    expect(await planOf()).toBe('developer');
    expect(await changeTo('enterprise')).toMatchObject({ ok: true });
  });

  it('does not end a later change when an earlier one to the same plan is processed again', async () => {
    const stream = subscriptionStream(ORGANIZATION);
    const requestChange = {
      type: 'request-change',
      plan: 'developer',
      defaultPlan: 'developer',
      known: ['developer', 'enterprise'],
      selfService: [],
      pricingUrl: 'https://plans.example',
    } as const;
    const requested = await embedded.commands.run(subscriptionDecider, stream, requestChange, owner());
    await resumeAll(requested.ok ? requested.value.position : undefined);
    const state = await embedded.commands.load(subscriptionDecider, stream);
    expect(state).toMatchObject({ ok: true, value: { state: { changingTo: 'developer' } } });
    const end = { type: 'refuse-change', plan: 'developer', defaultPlan: 'developer', over: [] } as const;
    expect(await embedded.commands.run(subscriptionDecider, stream, end, owner())).toMatchObject({ ok: true });
  });

  it('returns the catalogue and the subscription', async () => {
    expect(await queries.plans()).toMatchObject({
      ok: true,
      value: { items: [{ name: 'developer' }, { name: 'enterprise' }], pricingUrl: DEFAULT_CATALOGUE.pricingUrl },
    });
    const consistency = await embedded.eventStore.head();
    expect(await queries.subscription({ org: ORGANIZATION }, { ...owner(), consistency })).toMatchObject({
      ok: true,
      value: { plan: 'enterprise', since: expect.any(String) },
    });
  });
});
