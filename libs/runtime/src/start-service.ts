import { CallerKeyring } from '#bus';
import { CURSOR_KEY, edgeAdapter, mountHealth, READINESS, type Readiness } from '#http';
import { addressList } from '#http/connections';
import {
  createEgressGuard,
  EGRESS,
  EGRESS_GUARD,
  OWN_ADDRESSES,
  OwnAddresses,
  parseEgressPolicy,
  hostFromUrl,
  hostInUrl,
  reachedAt,
  type EgressPolicy,
} from '#egress';
import type { Clock, Logger } from '#kernel';
import { createMetrics, type Metrics } from '#metrics';
import type { CheckResult } from '#runtime/contract';
import { systemClock, systemIds } from '#runtime/system';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { join } from 'node:path';
import { compose, type Composition } from './compose.ts';
import type { Configuration } from './configuration.ts';
import { openEngines, type Engines } from './engines.ts';
import { claimAlone, claimSlot, type ClaimedInstance } from './instance.ts';
import { createLogger } from './logger.ts';
import { meteredEventStore, meteredQueue } from './metered.ts';
import { explainSetup } from './nats-setup.ts';
import { requireKeys, warnAboutUnneededKeys } from './own-keys.ts';
import { claimPort } from './port.ts';
import {
  SERVICE_SETTINGS,
  type ContextService,
  type EdgeService,
  type RecordsRefusals,
  type ServicePart,
  type ServiceSettings,
  type WorkerService,
} from './service.ts';
import { createServiceState, SERVICE_STATE } from './service-state.ts';
import { logStartChecks } from './start-checks.ts';
import { StartError } from './start-error.ts';
import { watchStores } from './store-state.ts';
import { VARIABLES } from './variables.ts';

/** The parts of a process. */
export interface ServiceOptions {
  /** Name of the process in its lock, its log, and messages. */
  readonly name: string;
  readonly contexts: readonly ContextService[];
  readonly edge?: EdgeService;
  readonly worker?: WorkerService;
  /** Absent: denied requests appear only in the log and the metrics. */
  readonly refusals?: RecordsRefusals;
}

export interface RunningService {
  readonly settings: ServiceSettings;
  /** Instance name, which the log of events contains with its claims. */
  readonly instance: string;
  /** Address that it listens on. */
  readonly url: string;
  /** Undefined if the log is written to standard error. */
  readonly logFile: string | undefined;
  /** Lines of its parts for the person who started it. */
  readonly greetings: readonly (readonly string[])[];
  /** Why it is not ready although it runs, a sentence each. */
  readonly problems: readonly string[];
  stop(): Promise<void>;
}

/**
 * Starts a service in this process. Resolves when it is ready.
 *
 * @param stopping aborts a startup: everything that was opened is closed, and the promise rejects with the reason
 * @throws StartError with one sentence
 */
export async function startService(
  service: ServiceOptions,
  configuration: Configuration,
  stopping: AbortSignal = new AbortController().signal,
): Promise<RunningService> {
  // Only a process with contexts and an edge can work without a bus between processes.
  const isWhole = service.edge !== undefined && service.contexts.length > 0;
  if (!isWhole) requireServers(service.name, configuration, partsOf(service));
  const claimed = (isWhole ? claimAlone : claimSlot)(configuration.dataDir, service.name);
  const closers: (() => unknown)[] = [() => claimed.folder.release()];
  const close = async () => {
    for (const closer of closers.splice(0).toReversed()) await closer();
  };
  try {
    const { host } = configuration;
    const port = await claimPort(configuration.port, host);
    const url = `http://${hostInUrl(reachedAt(host))}:${port}`;
    const settings: ServiceSettings = {
      configuration,
      dataFolder: claimed.folder.path,
      host,
      port,
      publicUrl: configuration.publicUrl ?? url,
      profile: isWhole ? 'embedded' : 'distributed',
    };
    const logFile = configuration.log === 'file' ? join(claimed.folder.path, `${claimed.slot}.log`) : undefined;
    const log = createLogger(service.name, { clock: systemClock, ...(logFile !== undefined && { file: logFile }) });
    const served = await serve(service, { settings, claimed, log, closers, stopping });
    return { ...served, settings, instance: claimed.name, url, logFile, stop: close };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Start {
  readonly settings: ServiceSettings;
  readonly claimed: ClaimedInstance;
  readonly log: Logger;
  /** Functions that stop what was started, called in reverse order. */
  readonly closers: (() => unknown)[];
  readonly stopping: AbortSignal;
}

async function serve(service: ServiceOptions, start: Start): Promise<Pick<RunningService, 'greetings' | 'problems'>> {
  const { settings, claimed, log, closers, stopping } = start;
  const { configuration, dataFolder: folder, port, host } = settings;
  const clock = systemClock;
  const ids = systemIds;
  const parts = partsOf(service);
  const ports = parts.flatMap(({ engines }) => engines);
  const metrics = createMetrics();
  const process = { name: service.name, isWhole: settings.profile === 'embedded', queues: queuesOf(service) };
  const opened = await openEngines({ configuration, process, folder, clock, ids, log }, ports);
  const engines = meteredEngines(opened, metrics, clock);
  closers.push(() => engines.close());
  const keyring = new CallerKeyring(engines.callerKeys);
  const { sealingKeys } = configuration;
  const hasVault = engines.vault !== undefined;
  if (!process.isWhole) warnAboutUnneededKeys(service.name, { keys: engines.callerKeys, sealingKeys, hasVault, log });
  stopping.throwIfAborted();

  const own = ownAddressesOf(settings);
  const egress = egressOf(settings, own);
  const isTrustedProxy = addressList(configuration.trustedProxies);
  const state: ServiceState = {
    served: [],
    lacks: 'starting',
    stores: watchStores(engines, clock),
    dependencies: () => [],
    checks: () => Promise.resolve([]),
  };
  const stateOf = createServiceState({
    process: { name: service.name, instance: claimed.name },
    settings,
    engines,
    clock,
    dependencies: async () => (await readinessOf(state, composition, engines)).dependencies,
    ownChecks: (part) => state.checks(part),
    projectionsOf: (part) => service.contexts.find(({ name }) => name === part)?.projections ?? [],
    control: () => composition.control,
  });
  const composition: Composition = compose({
    ...service,
    name: claimed.slot,
    isAlone: configuration.readStore.kind === 'embedded',
    engines,
    clock,
    ids,
    log,
    metrics,
    shared: [
      { provide: SERVICE_SETTINGS, useValue: settings },
      { provide: READINESS, useValue: () => readinessOf(state, composition, engines) },
      { provide: SERVICE_STATE, useValue: stateOf },
      ...(service.edge ? [{ provide: CURSOR_KEY, useValue: keyring.cursorKey }] : []),
      { provide: EGRESS, useValue: egress },
      { provide: OWN_ADDRESSES, useValue: own },
      { provide: EGRESS_GUARD, useValue: createEgressGuard(egress) },
    ],
  });
  closers.push(() => composition.close());
  const app = await NestFactory.create<NestFastifyApplication>(
    composition.root,
    edgeAdapter({ clock, ids, isTrustedProxy }),
    {
      logger: false,
      bodyParser: false,
      abortOnError: false,
    },
  );
  closers.push(() => app.close());
  closers.push(() => composition.flushRefusals());
  const served = composition.connect(app);
  const contracts = [...served, ...(service.edge?.contracts ?? []), ...parts.flatMap(({ calls }) => calls)];
  requireKeys(service.name, keyring, { parts: parts.map(({ name }) => name), contracts });
  state.served = served.map(({ subject }) => subject);
  if (service.edge) service.edge.mount(app);
  else mountHealth(app, { readiness: app.get(READINESS), clock, logger: log, metrics, isTrustedProxy });
  await app.init();
  state.dependencies = () => parts.flatMap(({ dependencies }) => dependencies?.(app) ?? []);
  state.checks = async (name) => (await parts.find((part) => part.name === name)?.checks?.(app)) ?? [];
  await unlessAborted(composition.prepared(), stopping);
  await app.startAllMicroservices().catch(explainSetup(VARIABLES.bus.name));
  await app.listen(port, host);
  await unlessAborted(Promise.all([composition.start(app), ...parts.map(({ ready }) => ready?.(app))]), stopping);
  const stopWorker = await service.worker?.start(app, { name: claimed.name, incarnation: ids.uuid() });
  closers.push(async () => {
    state.lacks = 'stopping';
    await stopWorker?.();
  });
  state.lacks = undefined;
  void logStartChecks(
    parts.map(({ name }) => name),
    { stateOf, clock, log, isStopping: () => state.lacks === 'stopping' },
  );
  return {
    greetings: parts.flatMap(({ greeting }) => (greeting ? [greeting(app)] : [])),
    problems: composition.problems(),
  };
}

const partsOf = ({ contexts, edge, worker }: ServiceOptions): readonly ServicePart[] => [
  ...contexts,
  ...(edge ? [edge] : []),
  ...(worker ? [worker] : []),
];

/**
 * Checks that the bus and the queue are shared with other processes, if this process needs them.
 *
 * @throws StartError
 */
function requireServers(name: string, { bus, queue }: Configuration, parts: readonly ServicePart[]): void {
  if (bus.kind === 'embedded')
    throw new StartError(
      `ASTRO_BUS must be the address of a NATS server, such as nats://127.0.0.1:4222: ${name} communicates with other processes, which an in-process bus cannot reach.`,
    );
  if (queue.kind === 'embedded' && parts.some(({ engines }) => engines.includes('queue')))
    throw new StartError(
      `ASTRO_QUEUE must be the address of a NATS server with JetStream, such as nats://127.0.0.1:4222: ${name} shares work with other processes, which an embedded queue cannot reach.`,
    );
}

function meteredEngines(engines: Engines, metrics: Metrics, clock: Clock): Engines {
  const { eventStore, queue } = engines;
  return {
    ...engines,
    ...(eventStore && { eventStore: meteredEventStore(eventStore, metrics, clock) }),
    ...(queue && { queue: meteredQueue(queue, metrics) }),
  };
}

/** Returns the addresses of the process and of the platform. Its parts add their own. */
function ownAddressesOf({ host, port, publicUrl }: ServiceSettings): OwnAddresses {
  const own = new OwnAddresses();
  const { hostname, protocol, port: publicPort } = new URL(publicUrl);
  own.add(host, port);
  own.add(hostFromUrl(hostname), Number(publicPort) || (protocol === 'https:' ? 443 : 80));
  return own;
}

/** Returns which addresses are allowed besides public ones. The platform's own are never allowed. */
function egressOf({ configuration }: ServiceSettings, own: OwnAddresses): EgressPolicy {
  const policy = parseEgressPolicy(configuration.egressAllow.join(','), own);
  if (!policy.ok) throw new StartError(policy.error.detail);
  return policy.value;
}

const queuesOf = ({ contexts }: ServiceOptions) => contexts.flatMap(({ queues = [] }) => queues);

interface ServiceState {
  served: readonly string[];
  /** Why it is not ready. */
  lacks: 'starting' | 'stopping' | undefined;
  /** Returns whether read store, vault, and work queue respond. */
  readonly stores: () => Promise<Readiness['dependencies']>;
  /** Returns the dependencies of its parts. */
  dependencies: () => Readiness['dependencies'];
  /** Returns the checks of one part for `admin doctor`. */
  checks: (part: string) => Promise<readonly CheckResult[]>;
}

async function readinessOf(
  { served, lacks, stores, dependencies: ofParts }: ServiceState,
  composition: Composition,
  engines: Engines,
): Promise<Readiness> {
  const dependencies = [
    { name: 'service', ok: lacks === undefined, ...(lacks !== undefined && { detail: lacks }) },
    ...(await composition.logState()),
    ...(await stores()),
    { name: 'bus', ok: engines.bus.connected() },
    ...ofParts(),
  ];
  return { ready: dependencies.every(({ ok, required }) => ok || required === false), contracts: served, dependencies };
}

async function unlessAborted(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const aborted = new Promise<never>((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
  );
  await Promise.race([work, aborted]);
}
