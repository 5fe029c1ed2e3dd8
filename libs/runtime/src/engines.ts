import { loadOrCreateCallerKeys, parseCallerKeys, type BusTransport, type CallerKeys } from '#bus';
import { inProcessTransport } from '#bus/in-process';
import type { EventStore } from '#event-store';
import { openEmbeddedEventStore } from '#event-store/embedded';
import type { Clock, Ids, Logger } from '#kernel';
import type { ReadStore } from '#read-store';
import { openEmbeddedReadStore } from '#read-store/embedded';
import { parseSealingKeys, type SealedVault } from '#vault';
import { loadOrCreateSealingKeys, openEmbeddedVault } from '#vault/embedded';
import type { WorkQueue } from '#work-queue';
import { openEmbeddedWorkQueue } from '#work-queue/embedded';
import type { Configuration } from './configuration.ts';
import { StartError } from './start-error.ts';
import type { Engine } from './variables.ts';

export interface EngineOptions {
  readonly configuration: Pick<Configuration, 'bus' | 'queue' | 'sealingKeys' | 'callerKeys'>;
  readonly folder: string;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Logger;
  /** A worker has no event store and no read store. */
  readonly withLog: boolean;
}

export interface Engines {
  readonly eventStore: EventStore | undefined;
  readonly readStore: ReadStore | undefined;
  /** The read store lies in the data folder, which this process has locked under its name. */
  readonly isReadStoreLocked: boolean;
  readonly vault: SealedVault;
  readonly workQueue: WorkQueue;
  readonly transport: BusTransport;
  readonly callerKeys: CallerKeys;
  close(): Promise<void>;
}

/** How long a start waits for a server that is named in the environment. */
const CONNECT_MS = 10_000;

/**
 * Opens the engines that the configuration names.
 * @throws StartError with one sentence
 */
export async function openEngines({
  configuration,
  folder,
  clock,
  ids,
  log,
  withLog,
}: EngineOptions): Promise<Engines> {
  const opened: { close(): Promise<void> }[] = [];
  const open = async <T extends { close(): Promise<void> }>(part: Promise<T>): Promise<T> => {
    const engine = await part;
    opened.push(engine);
    return engine;
  };
  const close = async () => {
    for (const engine of opened.toReversed()) await engine.close();
  };
  try {
    const eventStore = withLog ? await open(openEventStore({ folder, clock, ids, log })) : undefined;
    const readStore = withLog ? await open(openEmbeddedReadStore({ folder, log })) : undefined;
    const sealingKeys =
      configuration.sealingKeys === undefined
        ? { ok: true as const, value: loadOrCreateSealingKeys(folder) }
        : parseSealingKeys(configuration.sealingKeys);
    if (!sealingKeys.ok) throw new StartError(`ASTRO_SEALING_KEYS: ${sealingKeys.error.detail}`);
    const vault = await open(openEmbeddedVault({ folder, clock, ids, sealingKeys: sealingKeys.value, log }));
    const callerKeys =
      configuration.callerKeys === undefined
        ? loadOrCreateCallerKeys(folder)
        : parseCallerKeys(configuration.callerKeys);
    if (!callerKeys.ok) throw new StartError(callerKeys.error.detail);
    const workQueue = await open(openWorkQueue(configuration.queue, { folder, clock, ids, log }));
    const transport = await open(openTransport(configuration.bus, clock));
    return {
      eventStore,
      readStore,
      isReadStoreLocked: withLog, // so far there is no other read store than the one in the folder
      vault,
      workQueue,
      transport,
      callerKeys: callerKeys.value,
      close,
    };
  } catch (error) {
    await close();
    throw startErrorOf(error);
  }
}

/**
 * Opens the event log in a data folder.
 * @throws an error with one sentence and a code when it cannot be used
 */
export const openEventStore = (options: Pick<EngineOptions, 'folder' | 'clock' | 'ids' | 'log'>): Promise<EventStore> =>
  openEmbeddedEventStore(options);

/** Engines explain themselves in one sentence with a code; anything else is a defect and stays as it is. */
function startErrorOf(error: unknown): unknown {
  if (error instanceof StartError) return error;
  const explained =
    typeof error === 'object' &&
    error !== null &&
    'code' in error &&
    'message' in error &&
    String(error.code).includes('/');
  return explained ? new StartError(String(error.message), { cause: error }) : error;
}

async function openTransport(bus: Engine, clock: Clock): Promise<BusTransport> {
  if (bus.kind === 'embedded') return inProcessTransport();
  const { natsTransport } = await import('#bus/nats');
  const transport = await natsTransport({ url: bus.url, clock });
  await inTime(
    transport.connect(),
    `ASTRO_BUS: nothing answers as NATS at ${withoutPassword(bus.url)}; start it, or correct the address.`,
  );
  return transport;
}

async function openWorkQueue(
  queue: Engine,
  options: { readonly folder: string; readonly clock: Clock; readonly ids: Ids; readonly log: Logger },
): Promise<WorkQueue> {
  if (queue.kind === 'embedded') return openEmbeddedWorkQueue({ ...options, alone: true }); // the lock on the folder is held by now
  const { openJetStreamWorkQueue } = await import('#work-queue/jetstream');
  return inTime(
    openJetStreamWorkQueue({ url: queue.url, log: options.log, clock: options.clock }),
    `ASTRO_QUEUE: nothing answers as NATS at ${withoutPassword(queue.url)}; start it, or correct the address.`,
  );
}

async function inTime<T>(work: Promise<T>, sentence: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new StartError(sentence)), CONNECT_MS);
  });
  try {
    return await Promise.race([work, late]);
  } catch (error) {
    // The engine's own sentence does not say which variable named it.
    const isAway =
      typeof error === 'object' && error !== null && 'code' in error && String(error.code).endsWith('/unavailable');
    throw isAway ? new StartError(sentence, { cause: error }) : error;
  } finally {
    clearTimeout(timer);
  }
}

function withoutPassword(url: string): string {
  const parsed = URL.parse(url);
  return parsed ? `${parsed.protocol}//${parsed.host}` : 'the address given';
}
