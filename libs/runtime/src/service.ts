import type { Bus, RefusalRecorder } from '#bus/contract';
import type { Reactor, Sweep } from '#event-sourcing';
import type { Dependency } from '#http';
import type { Clock, EventFamily, Fact, Logger, Projection } from '#kernel';
import type { DynamicModule, INestApplicationContext, Provider, Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Configuration } from './configuration.ts';
import type { EnginePort } from './engines.ts';

type Class<T> = new (...args: never[]) => T;

/** What every part of a process has: a module with a name on the bus, and what it asks the process for. */
export interface ServicePart {
  /** Its name on the bus, which contracts list in `callers`. */
  readonly name: string;
  readonly module: Type<unknown> | DynamicModule;
  /** Engines that it injects. A process opens those of its parts and no others. */
  readonly engines: readonly EnginePort[];
  /** Tokens made from the settings of the process (`SERVICE_SETTINGS`); every module may inject them. */
  readonly providers?: readonly Provider[];
  /** Work that must be done before the process is ready; begins when it serves. */
  readonly ready?: (app: INestApplicationContext) => Promise<void>;
  /** What this part depends on, for `/readyz`; must not wait for any of it. */
  readonly dependencies?: (app: INestApplicationContext) => readonly Dependency[];
  /** Lines for the person who started the process. */
  readonly greeting?: (app: INestApplicationContext) => readonly string[];
}

/** One bounded context, ready to be composed into a process. `index.ts` of every `service/` exports this. */
export interface ContextService extends ServicePart {
  /** Every decider: their families are what the context writes to the log, and must read for as long as a log holds it. */
  readonly deciders: readonly { readonly events: EventFamily<Fact> }[];
  // A projection of any event and document type: the runner passes back what it took from the same projection.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly projections: readonly Projection<any, any>[];
  /** Providers of the module, resolved and run by the process. */
  readonly reactors: readonly Class<Reactor>[];
  readonly sweeps: readonly Class<Sweep>[];
}

/** Keeps refusals for as long as the process runs. Its name on the bus is that of the edge, or else of the first context. */
export type RecordsRefusals = (parts: {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly logger: Logger;
}) => RefusalRecorder & {
  /** Hands over what it holds, while the bus still answers. Never rejects. */
  close(): Promise<void>;
};

/** The HTTP API. Its bus acts for persons. */
export interface EdgeService extends ServicePart {
  /** Puts routes, health and metrics onto the application, before it is initialized. */
  readonly mount: (app: NestFastifyApplication) => void;
}

/** Takes work from a queue, and has no log. */
export interface WorkerService extends ServicePart {
  /** Begins to take work. @returns ends it: nothing new is begun, what is in hand is left to the next worker */
  readonly start: (app: INestApplicationContext, instance: ServiceInstance) => Promise<() => Promise<void>>;
}

/** Which process this is. A later incarnation of a name proves that the earlier one is gone. */
export interface ServiceInstance {
  /** One of its kind among all hosts and data folders. */
  readonly name: string;
  /** New at each start. */
  readonly incarnation: string;
}

/** What the parts of a process know of it. */
export interface ServiceSettings {
  readonly configuration: Configuration;
  readonly dataFolder: string;
  /** Address that the process listens on; an ingress stands before it. */
  readonly host: string;
  readonly port: number;
  /** Where people reach the platform, without a path. */
  readonly publicUrl: string;
  /** `embedded`: this process is the whole platform; `distributed`: others have the rest of it. */
  readonly profile: 'embedded' | 'distributed';
}

export const SERVICE_SETTINGS = Symbol('service settings');
