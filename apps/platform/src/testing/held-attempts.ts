import { appendFileSync, readFileSync } from 'node:fs';
import https from 'node:https';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { BUS, type Bus, type Reply, type RequestContext } from '#bus';
import type { CallerInputOf, OutputOf, RequestContract } from '#bus/contract';
import {
  claimAttemptRequest,
  finishAttemptRequest,
  putRecordRequest,
  reportStepRequest,
  type RolloutTask,
} from '#deployments/contract';
import { deployWorker } from '#deployments/worker';
import { z } from 'zod';
import { runPlatform } from '../run-platform.ts';

// The platform, with a worker that stops forever before the moments of attempts that `held.json` names, in the folder
// ASTRO_TEST_MOMENTS: `{ "APPLICATION": "MOMENT" }`. A moment is a request after which something has changed, to the
// cluster or to deployments. Writes a line of JSON to `moments.jsonl` for each, and for each write to the cluster.
const folder = process.env['ASTRO_TEST_MOMENTS'] ?? '.';

/** Tasks of this process by application ID. */
const tasks = new Map<string, RolloutTask>();
const held = new Set<string>();
/** How often each moment of an attempt has come. */
const times = new Map<string, number>();
const never = new Promise<never>(() => {});

const note = (line: object): void => appendFileSync(join(folder, 'moments.jsonl'), `${JSON.stringify(line)}\n`);
const heldSchema = z.record(z.string(), z.string());

/** Notes a moment. @returns whether the attempt stops before it */
function isHeld({ applicationName: app, attemptId }: RolloutTask, what: string): boolean {
  if (held.has(app)) return true;
  const key = `${attemptId} ${what}`;
  const nth = (times.get(key) ?? 0) + 1;
  times.set(key, nth);
  const moment = nth === 1 ? what : `${what} (${nth})`;
  const stops = heldSchema.parse(JSON.parse(readFileSync(join(folder, 'held.json'), 'utf8')))[app] === moment;
  if (stops) held.add(app);
  note({ app, attemptId, moment, held: stops });
  return stops;
}

/** Returns what a request to deployments changes; undefined if it is not a moment. */
function reported(
  contract: RequestContract,
  input: unknown,
): { readonly id: string; readonly what: string } | undefined {
  switch (contract) {
    case reportStepRequest: {
      const { applicationId: id, step } = reportStepRequest.input.parse(input);
      const [hook = ''] = /^(?:pre|post)-deploy/.exec('message' in step ? step.message : '') ?? [];
      if (step.step === 'progressing') return { id, what: `wait ${hook}`.trim() };
      return { id, what: step.step === 'applied' ? `report ${step.wave}` : `report ${step.step}` };
    }
    case finishAttemptRequest:
      return { id: finishAttemptRequest.input.parse(input).applicationId, what: 'finish' };
    case putRecordRequest: {
      const { name, part } = putRecordRequest.input.parse(input);
      const [kind, , id = '', digest = ''] = name.split('/');
      if (kind !== 'rendered' || part > 0) return undefined;
      return { id, what: digest.startsWith('source-') ? 'store source' : 'store rendered' };
    }
    default:
      return undefined;
  }
}

/** Stops the worker's requests to deployments at the moments of attempts. */
function holdRequests(bus: Bus): void {
  const request = bus.request.bind(bus);
  const holding = async <C extends RequestContract>(
    contract: C,
    input: CallerInputOf<C>,
    context: RequestContext,
  ): Promise<Reply<OutputOf<C>>> => {
    const moment = reported(contract, input);
    const task = moment && tasks.get(moment.id);
    if (task && isHeld(task, moment.what)) return never;
    const answer = await request(contract, input, context);
    if (contract.subject === claimAttemptRequest.subject && answer.ok) {
      const claim = claimAttemptRequest.output.parse(answer.value);
      if (!claim.granted) return answer;
      tasks.set(claim.task.applicationId, claim.task);
      if (isHeld(claim.task, 'claimed')) return never;
    }
    if (contract.subject === finishAttemptRequest.subject && task && isHeld(task, 'finished')) return never;
    return answer;
  };
  Object.assign(bus, { request: holding });
}

const written = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), resourceVersion: z.string() }),
});

/** Stops requests to clusters at the moments of attempts, and notes what writes have changed. */
function holdClusters(): void {
  const { request } = https;
  const holding = (options: https.RequestOptions, ...more: []) => {
    const { path, method = 'GET' } = options;
    const [place = '', query = ''] = (path ?? '').split('?');
    const [, namespace, rest = ''] = /\/namespaces\/([^/]+)(?:\/(.+))?$/.exec(place) ?? [];
    const task = [...tasks.values()].findLast(({ targetNamespace }) => targetNamespace === namespace);
    if (!task || method === 'GET') return request(options, ...more);
    const { applicationName: app, attemptId } = task;
    const general = (text: string) =>
      text.replace(task.applicationId, 'ID').replace(task.targetNamespace, 'NAMESPACE').replace(app, 'APP');
    const isDryRun = query.includes('dryRun=');
    const moment = isDryRun ? 'dry runs' : `${method} ${rest === '' ? 'namespace' : general(rest)}`;
    const isLater = isDryRun && times.has(`${attemptId} ${moment}`); // all dry runs of an attempt are one moment
    if (held.has(app) || (!isLater && isHeld(task, moment)))
      return request({ ...options, agent: false, createConnection: () => silence() });
    const noteWrite = (body: string): void => {
      if (method === 'DELETE') return note({ app, attemptId, deleted: general(rest) });
      const { kind, metadata } = written.parse(JSON.parse(body));
      note({ app, attemptId, wrote: `${kind}/${general(metadata.name)}`, version: metadata.resourceVersion });
    };
    const sent = request(options);
    if (!isDryRun)
      sent.on('response', (response) => {
        const chunks: Buffer[] = [];
        const emit = response.emit.bind(response);
        // The client reads the response, so this only watches what it is given.
        response.emit = (event: string | symbol, ...values: unknown[]) => {
          if (event === 'data' && values[0] instanceof Buffer) chunks.push(values[0]);
          if (event === 'end' && (response.statusCode ?? 0) < 300) noteWrite(Buffer.concat(chunks).toString());
          return emit(event, ...values);
        };
      });
    return sent;
  };
  Object.assign(https, { request: holding });
}

/** A connection to a server that never answers. */
const silence = () => new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done() });

const { module } = deployWorker;
if ('module' in module) throw new Error('the module of the worker has providers of its own, which would be replaced');
holdClusters();
await runPlatform({
  ...deployWorker,
  module: { module, providers: [{ provide: holdRequests, inject: [BUS], useFactory: holdRequests }] },
  start(app, instance) {
    const options = { ...instance, slots: 1_000 }; // an attempt that is held keeps its slot
    return deployWorker.start(app, options);
  },
});
