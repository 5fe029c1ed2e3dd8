import autocannon from 'autocannon';
import { KEY } from './edge.parts.ts';
import { withServing } from './other-process.ts';
import type { Row } from './row.ts';

const CONNECTIONS = 32;
const SECONDS = 5;

async function load(port: number): Promise<number> {
  const shoot = (duration: number) =>
    autocannon({
      url: `http://127.0.0.1:${port}/v1/organizations/acme/applications/web`,
      connections: CONNECTIONS,
      duration,
      headers: { authorization: `Bearer ${KEY}` },
    });
  await shoot(2); // compiled before it is measured
  const { requests, non2xx, errors } = await shoot(SECONDS);
  if (non2xx + errors > 0) throw new Error(`${non2xx + errors} requests failed`);
  return requests.average;
}

export async function run(): Promise<Row[]> {
  const first = await withServing('raw-http', [], load);
  const ours = await withServing('http', [], load);
  const raw = Math.max(first, await withServing('raw-http', [], load));
  return [
    {
      name: `GET of an application with an access key, ${CONNECTIONS} connections`,
      unit: 'requests/s',
      ours,
      raw,
      ratio: ours / raw,
      goal: '>= 0.3 of raw Fastify',
    },
  ];
}
