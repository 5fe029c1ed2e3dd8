// Revocations of access keys that are in use at several gateways.
import { eventually } from '../../libs/testing/src/eventually.ts';
import { call, type Person } from '../../libs/testing/src/platform-people.ts';
import type { Platform } from '../../libs/testing/src/platform-process.ts';
import { ask, createKey, percentiles, withLoad, withoutLimits } from './load.parts.ts';
import type { Row } from './row.ts';

const GATEWAYS = 3;
/** Fewer than a login may send requests in a minute, since each key is created with the same one. */
const REVOCATIONS = 500;
/** Requests that are sent to each gateway after the response to one revocation. */
const AFTER = 67;
/** Keys that are in use and revoked at the same time. */
const AT_ONCE = 15;

export async function run(): Promise<Row[]> {
  if (process.env['ASTRO_TEST_NATS_URL'] === undefined) {
    console.error('revocations at several gateways: skipped, ASTRO_TEST_NATS_URL is not set');
    return [];
  }
  return withoutLimits((environment) => withLoad(revocations, { environment, apart: true, gateways: GATEWAYS }));
}

/** Revokes keys while clients use them at every gateway, and counts what was accepted after the response. */
async function revocations(platform: Platform, { accessToken, organization }: Person): Promise<Row[]> {
  const { apiUrls } = platform;
  const responses: number[] = [];
  const statuses = new Map<number, number>();
  const trial = async (number: number): Promise<void> => {
    const at = apiUrls[number % apiUrls.length] ?? '';
    const { id, secret } = await createKey(at, organization.id, accessToken, { name: `bench-${number}` });
    // Refused requests are counted by address: each key is used from its own.
    const headers = { 'x-forwarded-for': `10.0.${Math.floor(number / 250)}.${1 + (number % 250)}` };
    const use = async (url: string) => (await call(url, 'GET /v1/me', { credential: secret, headers })).status;
    for (const url of apiUrls)
      await eventually(async () => {
        if ((await use(url)) !== 200) throw new Error('a gateway does not know the key yet');
      });
    let isRevoked = false;
    const clients = apiUrls.map(async (url) => {
      for (let after = 0; after < AFTER;) {
        const isAfter = isRevoked;
        const status = await use(url);
        if (!isAfter) continue;
        after += 1;
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    });
    const revoke = async () => {
      const began = performance.now();
      await ask(at, `DELETE /v1/organizations/${organization.id}/access-keys/${id}`, secret);
      responses.push(performance.now() - began);
      isRevoked = true;
    };
    await Promise.all([...clients, revoke()]);
  };
  const left = Array.from({ length: REVOCATIONS }, (_, n) => n).values();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const number of left) await trial(number);
    }),
  );
  console.error(`requests after revocations were answered ${JSON.stringify([...statuses])}`);
  const total = [...statuses.values()].reduce((sum, count) => sum + count, 0);
  const refused = statuses.get(401) ?? 0;
  const { median, most } = percentiles(responses);
  const time = (part: string, ours: number): Row => ({
    name: `time until the response to a revocation, ${GATEWAYS} gateways under load: ${part}`,
    unit: 'ms',
    ours,
    goal: 'reported: at least 200 ms, in which every gateway reads the change',
  });
  return [
    {
      name: `requests not refused after the response to a revocation, of ${total} at ${GATEWAYS} gateways`,
      unit: 'requests',
      ours: total - refused,
      goal: '0',
    },
    time('median', median),
    time('99 %', most),
  ];
}
