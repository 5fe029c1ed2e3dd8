import { ACCESS } from '#access';
import { BUS, BusModule, connectBus, createBus, REFUSALS, RequestGuard, type Bus } from '#bus';
import type { Contract } from '#bus/contract';
import { EVENT_STORE } from '#event-store';
import {
  COMMANDS,
  createAccess,
  createEventSourcing,
  LOG_FEED,
  PROJECTION_CONTROL,
  READ_MODELS,
  type EventSourcing,
  type ProjectionControl,
  type Reactor,
  type Sweep,
} from '#event-sourcing';
import type { Readiness } from '#http';
import { CLOCK, IDS, LOGGER, type Clock, type Ids, type Logger } from '#kernel';
import { MAIL } from '#mail';
import { METRICS, type Metrics } from '#metrics';
import { READ_STORE } from '#read-store';
import { VAULT } from '#vault';
import { WORK_QUEUE } from '#work-queue';
import type { DynamicModule, INestApplication, Provider, Type } from '@nestjs/common';
import type { Engines } from './engines.ts';
import { busMetrics, watchProjections } from './metered.ts';
import { stateModules } from './state-handlers.ts';
import type { ContextService, EdgeService, RecordsRefusals, ServicePart, WorkerService } from './service.ts';

export interface CompositionOptions {
  /** Name of the process's lock on the data folder. */
  readonly name: string;
  /** Whether the read store is in that folder, so that no other running process can have this name in it. */
  readonly isAlone: boolean;
  readonly engines: Engines;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly contexts: readonly ContextService[];
  readonly edge?: EdgeService;
  readonly worker?: WorkerService;
  readonly refusals?: RecordsRefusals;
  /** Providers that every module may inject, in addition to those of the engines and of the parts. */
  readonly shared: readonly Provider[];
}

export interface Composition {
  /** The root module of the application. */
  readonly root: DynamicModule;
  /** The projections of this process; undefined if it builds none. */
  readonly control: ProjectionControl | undefined;
  /** Returns whether permissions can be decided, and the problems of the log. Empty if no log is followed. */
  logState(): Promise<Readiness['dependencies']>;
  /** Returns the problems of the log, a sentence each. */
  problems(): readonly string[];
  /** Serves the contracts of `app` over the bus. Call this before `app.init()`. */
  connect(app: INestApplication): readonly Contract[];
  /**
   * Resolves when permissions can be decided, or after some seconds if they cannot; `problems()` then returns those of the
   * log. Call this before anything is served: a replica that joins the others would fail the requests that it receives
   * earlier.
   */
  prepared(): Promise<void>;
  /**
   * Starts projections, reactors, and sweeps. Call this after everything is served. Resolves when projections have
   * caught up.
   */
  start(app: INestApplication): Promise<void>;
  /** Sends data that is buffered for other contexts. Call this while they are still served. */
  flushRefusals(): Promise<void>;
  close(): Promise<void>;
}

/** Whether this runs from source: the bundles of `npm run build` are not TypeScript. */
const IS_FROM_SOURCE = import.meta.filename.endsWith('.ts');
/** Times that a start waits for the permissions, each at most as long as a request does. */
const PREPARED_TRIES = 5;

/** Combines parts and engines. Every part has a bus with its own name; everything else is shared. */
export function compose(options: CompositionOptions): Composition {
  const { engines, clock, ids, log, metrics, contexts, edge, worker, name, isAlone } = options;
  const { eventStore, readStore, vault, callerKeys, bus } = engines;
  const parts: readonly ServicePart[] = [...contexts, ...(edge ? [edge] : []), ...(worker ? [worker] : [])];
  const logOptions = eventStore && { eventStore, clock, ids, log, ...(vault && { vault }) };
  const sourcing =
    logOptions && readStore ? createEventSourcing({ ...logOptions, readStore, name, isAlone }) : undefined;
  const following = sourcing ?? (logOptions && createAccess(logOptions));
  const access = following?.access;
  if (sourcing) watchProjections(sourcing.control, metrics, clock);
  const observer = busMetrics(metrics);
  const busFor = (part: ServicePart): Bus =>
    createBus({
      transport: bus,
      service: part.name,
      keys: callerKeys,
      clock,
      ids,
      logger: log,
      actsForPersons: part === edge,
      observer,
    });
  const decides = edge ?? contexts[0];
  const refusals = decides && options.refusals?.({ bus: busFor(decides), clock, logger: log });
  const guard = new RequestGuard({
    keys: callerKeys,
    clock,
    logger: log,
    checksOutput: IS_FROM_SOURCE,
    ...(access && { access }),
    ...(refusals && { refusals, adminReads: refusals }),
  });

  const tokens: Provider[] = [
    { provide: CLOCK, useValue: clock },
    { provide: IDS, useValue: ids },
    { provide: LOGGER, useValue: log },
    { provide: METRICS, useValue: metrics },
    ...engineTokens(engines),
    ...(access ? [{ provide: ACCESS, useValue: access }] : []),
    ...(refusals ? [{ provide: REFUSALS, useValue: refusals }] : []),
    ...(sourcing ? sourcingTokens(sourcing) : []),
    ...options.shared,
    ...parts.flatMap(({ providers = [] }) => providers),
  ];
  return {
    root: {
      module: RootModule,
      imports: [
        { module: SharedModule, global: true, providers: tokens, exports: tokens.map(tokenOf) },
        BusModule.forRoot(guard),
        ...parts.map((part) => moduleOf(part, busFor(part))),
        ...stateModules(parts.map((part) => part.name)),
      ],
    },
    control: sourcing?.control,
    async logState() {
      if (!following) return [];
      const current = await following.access.current();
      return [
        { name: 'event store', ok: current.ok, ...(!current.ok && { detail: current.error.code }) },
        ...following.problems().map((detail) => ({ name: 'event log', ok: false, detail })),
      ];
    },
    problems: () => following?.problems() ?? [],
    connect: (app) => connectBus(app, bus),
    async prepared() {
      for (let tries = 0; access && tries < PREPARED_TRIES; tries += 1) if ((await access.current()).ok) return;
    },
    async start(app) {
      if (sourcing && eventStore) {
        await sourcing.projections(contexts.flatMap(({ projections }) => projections));
        await sourcing.control.waitUntilApplied(await eventStore.head(), { orStopped: true });
      }
      if (!sourcing) return;
      sourcing.reactors(
        contexts.flatMap(({ reactors }) => reactors.map((reactor) => app.get<Reactor>(reactor, { strict: false }))),
      );
      sourcing.sweeps(
        contexts.flatMap(({ sweeps }) => sweeps.map((sweep) => app.get<Sweep>(sweep, { strict: false }))),
      );
    },
    flushRefusals: async () => refusals?.close(),
    close: async () => following?.close(),
  };
}

/** The complete application. */
class RootModule {}

/** Provides everything that modules may inject. */
class SharedModule {}

const engineTokens = ({ eventStore, readStore, vault, queue, mail }: Engines): Provider[] => [
  ...(eventStore ? [{ provide: EVENT_STORE, useValue: eventStore }] : []),
  ...(readStore ? [{ provide: READ_STORE, useValue: readStore }] : []),
  ...(vault ? [{ provide: VAULT, useValue: vault }] : []),
  ...(queue ? [{ provide: WORK_QUEUE, useValue: queue }] : []),
  ...(mail ? [{ provide: MAIL, useValue: mail }] : []),
];

const sourcingTokens = ({ commands, readModels, control, feed }: EventSourcing): Provider[] => [
  { provide: COMMANDS, useValue: commands },
  { provide: READ_MODELS, useValue: readModels },
  { provide: PROJECTION_CONTROL, useValue: control },
  { provide: LOG_FEED, useValue: feed },
];

function moduleOf({ module }: ServicePart, bus: Bus): DynamicModule {
  const own: Provider = { provide: BUS, useValue: bus };
  return isDynamic(module)
    ? { ...module, providers: [...(module.providers ?? []), own] }
    : { module, providers: [own] };
}

const isDynamic = (module: Type<unknown> | DynamicModule): module is DynamicModule => 'module' in module;
const tokenOf = (provider: Provider) => (typeof provider === 'function' ? provider : provider.provide);
