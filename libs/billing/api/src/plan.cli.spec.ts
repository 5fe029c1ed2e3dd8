import { getUsageRequest } from '#billing/contract';
import type { OutputOf } from '#bus/contract';
import { createLaptop } from '#cli/testing';
import { temporaryFolder } from '#testing';
import { billingCommands } from './cli.ts';

const folder = temporaryFolder();
const usage: OutputOf<typeof getUsageRequest> = {
  plan: 'developer',
  limits: {
    members: { used: 3, limit: 5 },
    clusters: { used: 1, limit: 2 },
    applications: { used: null, limit: 10 },
    profiles: { used: 2, limit: 5 },
    activeKeys: { used: 0, limit: 10 },
    deploymentsPerDay: { used: 2, limit: 100 },
    requestsPerMinute: { used: null, limit: 600 },
    keyLifetimeDays: { used: null, limit: 90 },
    auditDaysShown: { used: null, limit: null },
  },
  pendingInvitations: 1,
  deployments: [
    { application: 'web', version: 'v3', at: '2026-11-24T12:04:11.123Z', by: 'ada@acme.dev' },
    { application: 'api', version: null, at: '2026-11-24T11:00:00.000Z', by: 'platform' },
  ],
  pricingUrl: 'https://plans.example',
};

describe('org usage', () => {
  const run = (words: string) => {
    const laptop = createLaptop(folder, { commands: billingCommands, groups: [] });
    laptop.logIn(['acme']);
    laptop.on(getUsageRequest, () => usage);
    return laptop.run(words);
  };

  it('prints each limit with its use, and the deployments that count today', async () => {
    expect(await run('org usage')).toMatchObject({
      exit: 0,
      stdout: `LIMIT              USED  OF
members            3     5
clusters           1     2
applications       -     10
profiles           2     5
activeKeys         0     10
deploymentsPerDay  2     100
requestsPerMinute  -     600
keyLifetimeDays    -     90
auditDaysShown     -     unlimited

DEPLOYMENT  TIME                  BY
v3 of web   2026-11-24T12:04:11Z  ada@acme.dev
- of api    2026-11-24T11:00:00Z  platform
`,
      stderr: 'Pending invitations in members: 1\nPlan: developer. Compare all plans: astroctl org plan list\n',
    });
  });

  it('prints the response as JSON, and the names of the limits', async () => {
    expect(JSON.parse((await run('org usage -o json')).stdout)).toEqual(usage);
    expect((await run('org usage -o name')).stdout.split('\n').slice(0, 2)).toEqual([
      'limit/members',
      'limit/clusters',
    ]);
  });
});
