import { join } from 'node:path';
import type { BusTransport, CallerKeys } from '#bus';
import type { EventStore } from '#event-store';
import { withTimeout, type Clock, type Ids, type Logger } from '#kernel';
import type { Mail } from '#mail';
import type { ReadStore } from '#read-store';
import { parseSealingKeys, type SealedVault, type SealingKey } from '#vault';
import type { WorkQueue } from '#work-queue';
import type { Configuration } from './configuration.ts';
import { explainSetup, natsAddress } from './nats-setup.ts';
import { refuseInterruptedImport } from './interrupted-import.ts';
import { loadOwnKeys, type OwnProcess } from './own-keys.ts';
import { StartError } from './start-error.ts';
import { addressShown, VARIABLES, type Engine } from './variables.ts';

export interface EngineOptions {
  readonly configuration: Pick<
    Configuration,
    keyof Ports | 'mailFrom' | 'sealingKeys' | 'callerKeys' | 'natsCredentials' | 'natsAuthority'
  >;
  /** Process that opens them. Default: the whole platform, or a tool. */
  readonly process?: OwnProcess;
  readonly folder: string;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Logger;
}

/** The ports whose engines the environment selects, by the name of their setting. */
interface Ports {
  readonly eventStore: EventStore;
  readonly readStore: ReadStore;
  readonly vault: SealedVault;
  readonly queue: WorkQueue;
  readonly mail: Mail;
  readonly bus: BusTransport;
}

/** Engines that a process opens if one of its parts needs them. The bus is in every process. */
export type EnginePort = Exclude<keyof Ports, 'bus'>;

export interface Engines extends Partial<Pick<Ports, EnginePort>> {
  readonly bus: BusTransport;
  readonly callerKeys: CallerKeys;
  close(): Promise<void>;
}

type Opener<P extends keyof Ports> = (options: EngineOptions, url: string) => Promise<Ports[P]>;

/** Engines of each port. A kind that is not listed here is rejected by the setting. */
const ENGINES: { readonly [P in keyof Ports]: { readonly [Kind in Engine['kind']]?: Opener<P> } } = {
  eventStore: {
    embedded: async (options) => (await import('#event-store/embedded')).openEmbeddedEventStore(options),
    server: async (options, url) => {
      const { openEventStoreDb } = await import('#event-store/eventstoredb'); // gRPC is loaded only if it is used
      return openEventStoreDb({ ...options, url }).catch((error: unknown) => {
        const explained = startErrorOf(error);
        throw explained instanceof StartError
          ? new StartError(`${VARIABLES.eventStore.name}: ${explained.message}`, { cause: error })
          : error;
      });
    },
  },
  readStore: {
    embedded: async (options) => (await import('#read-store/embedded')).openEmbeddedReadStore(options),
    server: async ({ log, clock }, url) =>
      (await import('#read-store/mongo')).openMongoReadStore({ url, setting: VARIABLES.readStore.name, log, clock }),
  },
  vault: {
    embedded: async (options) => {
      const { loadOrCreateSealingKeys, openEmbeddedVault } = await import('#vault/embedded');
      const { configuration, folder } = options;
      return openEmbeddedVault({
        ...options,
        sealingKeys: sealingKeysOf(configuration) ?? loadOrCreateSealingKeys(folder),
      });
    },
    server: async ({ configuration, clock, ids, log }, url) => {
      const sealingKeys = sealingKeysOf(configuration);
      // A generated file would differ on each machine, and would be lost with it.
      if (!sealingKeys)
        throw new StartError(
          `${VARIABLES.sealingKeys.name} must be set if ${VARIABLES.vault.name} names a server; create a key with openssl rand -base64 32, and set it as k1:KEY in every process.`,
        );
      const setting = VARIABLES.vault.name;
      return (await import('#vault/mongo')).openMongoVault({ url, setting, clock, ids, log, sealingKeys });
    },
  },
  queue: {
    // The lock on the data folder is already held.
    embedded: async (options) =>
      (await import('#work-queue/embedded')).openEmbeddedWorkQueue({ ...options, alone: true }),
    server: async (options, url) => {
      const { log, clock, process } = options;
      const { openJetStreamWorkQueue } = await import('#work-queue/jetstream');
      return openJetStreamWorkQueue({
        ...natsAddress(options.configuration, url, process?.name),
        log,
        clock,
        ...(process && { queues: process.queues }),
      }).catch(explainSetup(VARIABLES.queue.name));
    },
  },
  mail: {
    embedded: async ({ configuration, folder, clock }) =>
      (await import('#mail/outbox')).openOutboxMail({
        folder: join(folder, 'outbox'),
        from: configuration.mailFrom,
        clock,
      }),
    // The server need not respond at a start: messages wait for it.
    server: async ({ configuration, clock }, url) =>
      (await import('#mail/smtp')).openSmtpMail({ url, from: configuration.mailFrom, clock }),
  },
  bus: {
    embedded: async () => (await import('#bus/in-process')).inProcessTransport(),
    server: async (options, url) => {
      const { clock, ids } = options;
      const { natsTransport } = await import('#bus/nats');
      const open = async () => {
        const transport = await natsTransport({
          ...natsAddress(options.configuration, url, options.process?.name),
          clock,
          ids,
        });
        await transport.connect();
        return transport;
      };
      return open().catch(explainSetup(VARIABLES.bus.name));
    },
  },
};

/**
 * Returns the sealing keys of the environment; undefined if there are none.
 *
 * @throws StartError
 */
function sealingKeysOf({ sealingKeys }: EngineOptions['configuration']): readonly SealingKey[] | undefined {
  if (sealingKeys === undefined) return undefined;
  const given = parseSealingKeys(sealingKeys);
  if (!given.ok) throw new StartError(`${VARIABLES.sealingKeys.name}: ${given.error.detail}`);
  return given.value;
}

/**
 * Opens the configured vault for a tool outside of the platform.
 *
 * @throws StartError with one sentence, also if an import into it was interrupted
 */
export const openVault = (options: EngineOptions): Promise<SealedVault> =>
  openCompleteVault(options).catch((error: unknown) => {
    throw startErrorOf(error);
  });

async function openCompleteVault(options: EngineOptions): Promise<SealedVault> {
  const vault = await openEngine('vault', options);
  try {
    await refuseInterruptedImport(vault, options.folder);
    return vault;
  } catch (error) {
    await vault.close();
    throw error;
  }
}

/**
 * Opens the bus and the requested engines according to the configuration.
 *
 * @throws StartError with one sentence
 */
export async function openEngines(options: EngineOptions, ports: readonly EnginePort[]): Promise<Engines> {
  const opened: { close(): Promise<void> }[] = [];
  const open = async <P extends keyof Ports>(port: P, opener = () => openEngine(port, options)): Promise<Ports[P]> => {
    const engine = await opener();
    opened.push(engine);
    return engine;
  };
  const close = async () => {
    for (const engine of opened.splice(0).toReversed()) await engine.close();
  };
  try {
    const { callerKeys: text } = options.configuration;
    const callerKeys = loadOwnKeys(text, options.folder, options.process);
    return {
      ...(ports.includes('eventStore') && { eventStore: await open('eventStore') }),
      ...(ports.includes('readStore') && { readStore: await open('readStore') }),
      ...(ports.includes('vault') && { vault: await open('vault', () => openCompleteVault(options)) }),
      ...(ports.includes('queue') && { queue: await open('queue') }),
      ...(ports.includes('mail') && { mail: await open('mail') }),
      bus: await open('bus'),
      callerKeys,
      close,
    };
  } catch (error) {
    await close();
    throw startErrorOf(error);
  }
}

/**
 * Opens only the event log according to the configuration.
 *
 * @throws StartError with one sentence
 */
export async function openEventStore(options: EngineOptions): Promise<EventStore> {
  try {
    return await openEngine('eventStore', options);
  } catch (error) {
    throw startErrorOf(error);
  }
}

/**
 * Opens the configured read store without the other engines.
 *
 * @throws StartError with one sentence
 */
export async function openReadStore(options: EngineOptions): Promise<ReadStore> {
  try {
    return await openEngine('readStore', options);
  } catch (error) {
    throw startErrorOf(error);
  }
}

/** How long a startup waits for a configured server. */
const CONNECT_MS = 10_000;

async function openEngine<P extends keyof Ports>(port: P, options: EngineOptions): Promise<Ports[P]> {
  const chosen: Engine = options.configuration[port];
  const { name } = VARIABLES[port];
  const opener: Opener<P> | undefined = ENGINES[port][chosen.kind];
  if (!opener) throw new StartError(`${name} names an engine that this release does not support.`);
  if (chosen.kind === 'embedded') return opener(options, '');
  return inTime(
    opener(options, chosen.url),
    options.clock,
    name,
    `no ${productAt(chosen.url)} server responds at ${addressShown(chosen.url)}; start it, or correct the address.`,
  );
}

/** Converts the error of an engine, which has a code and one sentence. Anything else is a defect and unchanged. */
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

async function inTime<T>(work: Promise<T>, clock: Clock, setting: string, away: string): Promise<T> {
  const sentence = `${setting}: ${away}`;
  try {
    return await withTimeout(clock, CONNECT_MS, work, (): never => {
      throw new StartError(sentence);
    });
  } catch (error) {
    const isAway =
      typeof error === 'object' &&
      error !== null &&
      'code' in error &&
      String(error.code).endsWith('/unavailable') &&
      // The engine's own sentence is more specific if it contains the setting.
      !('message' in error && String(error.message).startsWith(`${setting}: `));
    throw isAway ? new StartError(sentence, { cause: error }) : error;
  }
}

const productAt = (url: string): string =>
  url.startsWith('mongodb') ? 'MongoDB' : url.startsWith('esdb') ? 'EventStoreDB' : 'NATS';
