import autocannon from 'autocannon';
import { KEY } from './edge.parts.ts';
import { processorMs, withServing } from './other-process.ts';
import type { Row } from './row.ts';

const CONNECTIONS = 32;
const SECONDS = 5;

/**
 * Load of a server: requests per second, and requests per second of processor time, which other processes do not
 * affect.
 */
interface Load {
  readonly perSecond: number;
  readonly perProcessorSecond: number;
}

async function load(port: number, pid: number): Promise<Load> {
  const shoot = (duration: number) =>
    autocannon({
      url: `http://127.0.0.1:${port}/v1/organizations/acme/applications/web`,
      connections: CONNECTIONS,
      duration,
      headers: { authorization: `Bearer ${KEY}` },
    });
  await shoot(4); // warm-up
  const before = processorMs(pid);
  const { requests, non2xx, errors } = await shoot(SECONDS);
  if (non2xx + errors > 0) throw new Error(`${non2xx + errors} requests failed`);
  return {
    perSecond: requests.average,
    perProcessorSecond: (requests.total * 1000) / (processorMs(pid) - before),
  };
}

export async function run(): Promise<Row[]> {
  const what = `GET of an application with an access key, ${CONNECTIONS} connections`;
  return besideRaw(what, () => withServing('http', [], load), '>= 0.28 of raw Fastify');
}

/** Measures the same requests through a gateway and a service that are separate processes. */
export async function overNats(url: string): Promise<Row[]> {
  const what = `distributed: GET of an application with an access key over NATS, ${CONNECTIONS} connections`;
  const measure = () => withServing('bus', [url], () => withServing('http-nats', [url], load));
  return besideRaw(what, measure, 'reported');
}

/** Measures a server between two measurements of Fastify alone. */
async function besideRaw(what: string, measure: () => Promise<Load>, goal: string): Promise<Row[]> {
  const first = await withServing('raw-http', [], load);
  const ours = await measure();
  const second = await withServing('raw-http', [], load);
  const row = (name: string, unit: string, of: (load: Load) => number): Row => {
    const raw = Math.max(of(first), of(second));
    return { name, unit, ours: of(ours), raw, ratio: of(ours) / raw, goal };
  };
  return [
    row(what, 'requests/s', ({ perSecond }) => perSecond),
    row(`${what}, by processor time`, 'requests/s', ({ perProcessorSecond }) => perProcessorSecond),
  ];
}
