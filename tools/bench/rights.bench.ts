// Commands that change members, through the gateway.
import autocannon from 'autocannon';
import { z } from 'zod';
import { call, type Person } from '../../libs/testing/src/platform-people.ts';
import type { Platform } from '../../libs/testing/src/platform-process.ts';
import { ask, createKey, settled, withLoad, withoutLimits } from './load.parts.ts';
import { processorMs, withServing } from './other-process.ts';
import type { Row } from './row.ts';

const CLIENTS = 64;
const COMMANDS = 6_400;

const identified = z.looseObject({ id: z.string() });

export const run = (): Promise<Row[]> => withoutLimits((environment) => withLoad(members, { environment }));

interface Rate {
  readonly perSecond: number;
  readonly perProcessorSecond: number;
}

/** Adds service members to as many organizations as there are clients, compared with Fastify with the same bytes. */
async function members(platform: Platform, { accessToken }: Person): Promise<Row[]> {
  const organizations = await Promise.all(
    Array.from({ length: CLIENTS }, async (_, n) => {
      const made = await ask(platform.url, 'POST /v1/organizations', accessToken, { name: `Bench ${n}` });
      const { id } = identified.parse(made);
      return { id, key: (await createKey(platform.url, id, accessToken, { name: 'bench', role: 'owner' })).secret };
    }),
  );
  await settled();
  let sent = 0;
  const load = async (url: string, pid: number, amount = COMMANDS): Promise<Rate> => {
    const before = processorMs(pid);
    const { duration, non2xx, errors } = await autocannon({
      url,
      connections: CLIENTS,
      amount,
      requests: [
        {
          method: 'PUT',
          body: JSON.stringify({ role: 'viewer' }),
          setupRequest: (request) => {
            const number = sent++;
            const { id = '', key = '' } = organizations[number % CLIENTS] ?? {};
            return {
              ...request,
              path: `/v1/organizations/${id}/members/service:m-${Math.floor(number / CLIENTS)}`,
              headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
            };
          },
        },
      ],
    });
    if (non2xx + errors > 0) throw new Error(`${non2xx + errors} of ${amount} requests failed`);
    return { perSecond: amount / duration, perProcessorSecond: (amount * 1_000) / (processorMs(pid) - before) };
  };
  const [{ id, key } = { id: '', key: '' }] = organizations;
  const { text } = await call(platform.url, `PUT /v1/organizations/${id}/members/service:first`, {
    credential: key,
    body: { role: 'viewer' },
  });
  const raw = () =>
    withServing('raw-http', [text], async (port, pid) => {
      await load(`http://127.0.0.1:${port}`, pid, 4 * COMMANDS); // warm-up
      return load(`http://127.0.0.1:${port}`, pid, 4 * COMMANDS);
    });
  const first = await raw();
  await load(platform.url, platform.process.pid, COMMANDS / 4); // warm-up
  const ours = await load(platform.url, platform.process.pid);
  const second = await raw();
  const row = (by: string, of: (rate: Rate) => number): Row => {
    const best = Math.max(of(first), of(second));
    return {
      name: `addition of a member through the gateway, ${CLIENTS} clients${by}`,
      unit: 'commands/s',
      ours: of(ours),
      raw: best,
      ratio: of(ours) / best,
      goal: '>= 0.15 of raw Fastify',
    };
  };
  return [
    row('', ({ perSecond }) => perSecond),
    row(', by processor time', ({ perProcessorSecond }) => perProcessorSecond),
  ];
}
