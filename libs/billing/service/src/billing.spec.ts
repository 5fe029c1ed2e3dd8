import { directoryEvents, type DirectoryFact } from '#access';
import { DEFAULT_CATALOGUE } from '#billing/contract';
import { refuse, reply } from '#bus';
import { domainError, silentLogger } from '#kernel';
import { eventually, temporaryFolder } from '#testing';
import { answeringBus, openEmbedded, type Embedded } from '#testing/embedded';
import { ChangingHandlers } from './changing/changing.handlers.ts';
import { LimitSetter } from './changing/limit-setter.service.ts';
import { UnfinishedChanges } from './changing/unfinished-changes.sweep.ts';
import { BillingQueries } from './overview/billing.queries.ts';
import { subscriptionsProjection } from './overview/subscriptions.projection.ts';
import { StartingReactor } from './starting/starting.reactor.ts';
import { subscriptionDecider } from './subscription.decider.ts';
import { subscriptionStream } from './subscription.events.ts';

const ORGANIZATION = 'one';

/** The owners of what is counted, with what they hold and how much is in use. */
function owners() {
  const limits: Record<string, number> = { members: 5, activeKeys: 10, applications: 10 };
  const used: Record<string, number> = { members: 1, activeKeys: 0, applications: 0 };
  const set = (name: string, wanted: number) => {
    if ((used[name] ?? 0) > wanted)
      return refuse(
        domainError(`${name}/over`, 'conflict', `${used[name]} ${name} are in use.`, {
          extra: { limit: wanted, used: used[name] ?? 0 },
        }),
      );
    limits[name] = wanted;
    return undefined;
  };
  const bus = answeringBus('billing', {
    'organizations.v1.limits.set': ({ members }: { members: number }) =>
      set('members', members) ?? reply({ members, used: used['members'] }),
    'access-keys.v1.limits.set': ({ activeKeys }: { activeKeys: number }) =>
      set('activeKeys', activeKeys) ?? reply({ activeKeys, used: used['activeKeys'] }),
    'deployments.v1.limits.set': ({ applications }: { applications: number }) => {
      if ((used['applications'] ?? 0) > applications)
        return reply({ over: [`applications: ${used['applications']} of ${applications}`] });
      limits['applications'] = applications;
      return reply({ over: [] });
    },
  });
  return { limits, used, bus };
}

describe('changing a plan', () => {
  const folder = temporaryFolder();
  const { limits, used, bus } = owners();
  let embedded: Embedded;
  let changing: ChangingHandlers;
  let queries: BillingQueries;
  beforeAll(async () => {
    embedded = await openEmbedded(folder);
    await embedded.sourcing.projections([subscriptionsProjection]);
    embedded.sourcing.reactors([new StartingReactor(embedded.commands)]);
    changing = new ChangingHandlers(embedded.commands, new LimitSetter(bus), embedded.clock);
    queries = new BillingQueries(embedded.readModels, embedded.commands);
  });
  afterAll(() => embedded.close());

  const owner = (key?: string) =>
    embedded.request(
      { kind: 'login', userId: 'ada' },
      { organizationId: ORGANIZATION, ...(key !== undefined && { key }) },
    );
  const changeTo = (plan: string, key?: string) => changing.change({ org: ORGANIZATION, plan }, owner(key));
  const planOf = async () => {
    const answer = await queries.plansOf({ organizationIds: [ORGANIZATION] });
    return answer.ok ? answer.value.plans[ORGANIZATION]?.plan : undefined;
  };

  it('begins with the default plan, by a reactor on the new organization', async () => {
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

  it('sets the limits in every owner, then the plan', async () => {
    expect(await changeTo('enterprise')).toMatchObject({
      ok: true,
      value: { plan: 'enterprise', limits: { members: 1_000 } },
    });
    expect(limits).toEqual({ members: 1_000, activeKeys: 5_000, applications: 5_000 });
    expect(await planOf()).toBe('enterprise');
  });

  it('A19: refuses a downgrade below the use with the whole list, and leaves no limit changed', async () => {
    Object.assign(used, { members: 7, applications: 11 });
    const answer = await changeTo('developer', 'first');
    expect(answer).toMatchObject({
      ok: false,
      error: {
        code: 'billing/over-new-limits',
        kind: 'conflict',
        extra: { over: [{ limit: 'members', allowed: 5, used: 7 }, { limit: 'applications' }] },
      },
    });
    expect(limits).toEqual({ members: 1_000, activeKeys: 5_000, applications: 5_000 });
    expect(await planOf()).toBe('enterprise');
  });

  it('gives a repeated request its refusal again, even when it could be done now', async () => {
    Object.assign(used, { members: 1, applications: 0 });
    expect(await changeTo('developer', 'first')).toMatchObject({
      ok: false,
      error: { code: 'billing/over-new-limits' },
    });
    expect(limits['members']).toBe(1_000);
    expect(await changeTo('developer')).toMatchObject({ ok: true });
    expect(limits).toEqual({ members: 5, activeKeys: 10, applications: 10 });
  });

  it('F21: a change that a crash left behind is ended by the sweep, with the limits of the plan in force', async () => {
    const request = {
      type: 'request-change',
      plan: 'enterprise',
      defaultPlan: 'developer',
      known: ['developer', 'enterprise'],
    } as const;
    const left = await embedded.commands.run(subscriptionDecider, subscriptionStream(ORGANIZATION), request, owner());
    limits['members'] = 1_000; // the process died between two owners
    if (!left.ok) throw new Error(left.error.code);
    await embedded.sourcing.control.settled(left.value.position);
    const later = { ...embedded.clock, now: () => embedded.clock.now() + 31_000 };
    const sweepAt = (clock: typeof later) =>
      new UnfinishedChanges(
        embedded.commands,
        embedded.readModels,
        new LimitSetter(bus),
        clock,
        embedded.ids,
        silentLogger,
      ).run(new AbortController().signal);
    await sweepAt(embedded.clock);
    expect(limits['members']).toBe(1_000); // somebody may still be waiting for it
    await sweepAt(later);
    expect(limits).toEqual({ members: 5, activeKeys: 10, applications: 10 });
    expect(await planOf()).toBe('developer');
    expect(await changeTo('enterprise')).toMatchObject({ ok: true });
  });

  it('shows catalogue and subscription', async () => {
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
