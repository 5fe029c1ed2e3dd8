import { DEFAULT_CATALOGUE, defaultLimits } from '#billing/contract';
import { reply } from '#bus';
import { temporaryFolder } from '#testing';
import { answeringBus, openEmbedded, type Embedded } from '#testing/embedded';
import { subscriptionDecider } from '../subscription.decider.ts';
import { subscriptionStream } from '../subscription.events.ts';
import { UsageQueries } from './usage.queries.ts';

const ORGANIZATION = 'one';
const deployment = { application: 'web', version: 'v3', at: '2026-11-24T12:04:00.000Z', by: 'ada@acme.dev' };
const answers = {
  'organizations.v1.usage.get': () => reply({ members: 3, pendingInvitations: 1 }),
  'access-keys.v1.usage.get': () => reply({ activeKeys: 2 }),
  'deployments.v1.usage.get': () =>
    reply({ applications: 4, profiles: 1, clusters: 0, deploymentsPerDay: 7, deployments: [deployment] }),
};

describe('the use of a plan', () => {
  const folder = temporaryFolder();
  let embedded: Embedded;
  beforeAll(async () => void (embedded = await openEmbedded(folder)));
  afterAll(() => embedded.close());

  const owner = () => embedded.request({ kind: 'login', userId: 'ada' }, { organizationId: ORGANIZATION });
  async function usage(responses: Parameters<typeof answeringBus>[1]) {
    const queries = new UsageQueries(answeringBus('billing', responses), embedded.commands);
    const found = await queries.usage({ org: ORGANIZATION }, owner());
    if (!found.ok) throw new Error(found.error.code);
    return found.value;
  }

  it('is counted by the owning services, against the limits of the default plan', async () => {
    const { keyLifetimeDays, auditDaysShown, requestsPerMinute } = defaultLimits();
    expect(await usage(answers)).toEqual({
      plan: 'developer',
      limits: {
        members: { used: 3, limit: 5 },
        clusters: { used: 0, limit: 2 },
        applications: { used: 4, limit: 10 },
        profiles: { used: 1, limit: 5 },
        activeKeys: { used: 2, limit: 10 },
        deploymentsPerDay: { used: 7, limit: 100 },
        requestsPerMinute: { used: null, limit: requestsPerMinute },
        keyLifetimeDays: { used: null, limit: keyLifetimeDays },
        auditDaysShown: { used: null, limit: auditDaysShown },
      },
      pendingInvitations: 1,
      deployments: [deployment],
      pricingUrl: DEFAULT_CATALOGUE.pricingUrl,
    });
  });

  it('is unknown for a service that does not respond, and known for the others', async () => {
    const { 'deployments.v1.usage.get': _, ...others } = answers;
    expect(await usage(others)).toMatchObject({
      limits: {
        members: { used: 3, limit: 5 },
        activeKeys: { used: 2, limit: 10 },
        applications: { used: null, limit: 10 },
        deploymentsPerDay: { used: null, limit: 100 },
      },
      deployments: null,
    });
    expect(await usage({})).toMatchObject({
      limits: { members: { used: null, limit: 5 }, activeKeys: { used: null } },
      pendingInvitations: null,
    });
  });

  it('is compared with the limits of the plan that the organization has', async () => {
    const start = { type: 'start', plan: 'enterprise' } as const;
    await embedded.commands.run(subscriptionDecider, subscriptionStream(ORGANIZATION), start, owner());
    expect(await usage(answers)).toMatchObject({
      plan: 'enterprise',
      limits: { members: { used: 3, limit: 1_000 }, auditDaysShown: { used: null, limit: null } },
    });
  });
});
