import { ACCESS } from '#access';
import { BUS, BusModule, connectBus, createBus, RequestGuard, type Bus } from '#bus';
import type { Contract } from '#bus/contract';
import { EVENT_STORE } from '#event-store';
import {
  COMMANDS,
  createEventSourcing,
  LOG_FEED,
  PROJECTION_CONTROL,
  READ_MODELS,
  type ContextService,
  type EventSourcing,
  type Reactor,
  type Sweep,
} from '#event-sourcing';
import { CLOCK, IDS, LOGGER, type Clock, type Ids, type Logger } from '#kernel';
import { READ_STORE } from '#read-store';
import { VAULT } from '#vault';
import { WORK_QUEUE } from '#work-queue';
import type { DynamicModule, INestApplication, Provider, Type } from '@nestjs/common';
import type { Engines } from './engines.ts';

export interface CompositionOptions {
  /** What the process is: the name of its lock on the data folder. */
  readonly name: string;
  readonly engines: Engines;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Logger;
  readonly contexts: readonly ContextService[];
  /** Modules that are no context (the worker, the edge), each with the name it gives on the bus. */
  readonly others?: readonly {
    readonly name: string;
    readonly module: Type<unknown> | DynamicModule;
    readonly providers?: readonly Provider[];
    readonly actsForPersons?: boolean;
  }[];
  /** Providers that every module may ask for: configuration of contexts. */
  readonly shared?: readonly Provider[];
}

export interface Composition {
  /** What the root module imports. */
  readonly modules: readonly DynamicModule[];
  readonly eventSourcing: EventSourcing | undefined;
  /** A bus that speaks in the name of `service`. */
  busFor(service: string, actsForPersons?: boolean): Bus;
  /** Serves the contracts of `app` over the bus; before `app.init()`. */
  connect(app: INestApplication): readonly Contract[];
  /** Builds projections and starts reactors and sweeps; after everything is served. Settles when projections are level. */
  start(app: INestApplication): Promise<void>;
  close(): Promise<void>;
}

/** Puts contexts and engines together. Every context gets a bus of its own name; everything else is shared. */
export function compose({
  name,
  engines,
  clock,
  ids,
  log,
  contexts,
  others = [],
  shared = [],
}: CompositionOptions): Composition {
  const { eventStore, readStore, vault, workQueue, transport, callerKeys } = engines;
  const eventSourcing =
    eventStore && readStore
      ? createEventSourcing({ eventStore, readStore, clock, ids, log, vault, name, isAlone: engines.isReadStoreLocked })
      : undefined;
  const guard = new RequestGuard({
    keys: callerKeys,
    clock,
    logger: log,
    ...(eventSourcing && { access: eventSourcing.access }),
  });
  const busFor = (service: string, actsForPersons = false): Bus =>
    createBus({ transport, service, keys: callerKeys, clock, ids, logger: log, actsForPersons });

  const tokens: Provider[] = [
    { provide: CLOCK, useValue: clock },
    { provide: IDS, useValue: ids },
    { provide: LOGGER, useValue: log },
    { provide: VAULT, useValue: vault },
    { provide: WORK_QUEUE, useValue: workQueue },
    ...(eventStore ? [{ provide: EVENT_STORE, useValue: eventStore }] : []),
    ...(readStore ? [{ provide: READ_STORE, useValue: readStore }] : []),
    ...(eventSourcing
      ? [
          { provide: COMMANDS, useValue: eventSourcing.commands },
          { provide: READ_MODELS, useValue: eventSourcing.readModels },
          { provide: PROJECTION_CONTROL, useValue: eventSourcing.control },
          { provide: LOG_FEED, useValue: eventSourcing.feed },
          { provide: ACCESS, useValue: eventSourcing.access },
        ]
      : []),
    ...shared,
  ];
  const named = [
    ...contexts.map(({ name, module }) => ({ name, module, providers: [], actsForPersons: false })),
    ...others,
  ];
  const modules = named.map(({ name, module, providers = [], actsForPersons }): DynamicModule => {
    const own: Provider[] = [{ provide: BUS, useValue: busFor(name, actsForPersons) }, ...providers];
    return isDynamic(module)
      ? { ...module, providers: [...(module.providers ?? []), ...own] }
      : { module, providers: own };
  });

  return {
    modules: [
      { module: SharedModule, global: true, providers: tokens, exports: tokens.map(tokenOf) },
      BusModule.forRoot(guard),
      ...modules,
    ],
    eventSourcing,
    busFor,
    connect: (app) => connectBus(app, transport),
    async start(app) {
      if (!eventSourcing || !eventStore) return;
      await eventSourcing.projections(contexts.flatMap(({ projections }) => projections));
      await eventSourcing.control.settled(await eventStore.head(), { orStopped: true });
      await eventSourcing.access.current(); // so that what is wrong with the log is known when the process says it is ready
      eventSourcing.reactors(
        contexts.flatMap(({ reactors }) => reactors.map((reactor) => app.get<Reactor>(reactor, { strict: false }))),
      );
      eventSourcing.sweeps(
        contexts.flatMap(({ sweeps }) => sweeps.map((sweep) => app.get<Sweep>(sweep, { strict: false }))),
      );
    },
    close: async () => eventSourcing?.close(),
  };
}

/** Holds what every module may ask for. */
class SharedModule {}

const isDynamic = (module: Type<unknown> | DynamicModule): module is DynamicModule => 'module' in module;
const tokenOf = (provider: Provider) => (typeof provider === 'function' ? provider : provider.provide);
