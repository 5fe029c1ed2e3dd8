import type { AdminReadRecorder, Bus, Contract, RefusalRecorder } from '#bus/contract';
import type { Reactor, Sweep } from '#event-sourcing';
import type { Dependency } from '#http';
import type { Clock, EventFamily, Fact, Logger, Projection } from '#kernel';
import type { CheckResult } from '#runtime/contract';
import type { WorkQueueContract } from '#work-queue/contract';
import type { DynamicModule, INestApplicationContext, Provider, Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Configuration } from './configuration.ts';
import type { EnginePort } from './engines.ts';

type Class<T> = new (...args: never[]) => T;

/** Common properties of all parts of a process: a module with a name on the bus, and its requirements. */
export interface ServicePart {
  /** Name on the bus, which contracts list in `callers`. */
  readonly name: string;
  readonly module: Type<unknown> | DynamicModule;
  /** Engines that it injects. A process opens only those of its parts. */
  readonly engines: readonly EnginePort[];
  /**
   * Requests and streams of other services, or of its own, that it sends in its own name: those whose contracts list it
   * as a caller. The process does not start without their keys.
   */
  readonly calls: readonly Contract[];
  /** Providers created from the settings of the process (`SERVICE_SETTINGS`), which every module may inject. */
  readonly providers?: readonly Provider[];
  /** Work to complete before the process is ready. Starts when the process serves. */
  readonly ready?: (app: INestApplicationContext) => Promise<void>;
  /** Dependencies of this part for `/readyz`. Must not wait for any of them. */
  readonly dependencies?: (app: INestApplicationContext) => readonly Dependency[];
  /** Checks of this part for `admin doctor`, which may take some seconds and must not throw. */
  readonly checks?: (app: INestApplicationContext) => Promise<readonly CheckResult[]>;
  /** Lines for the person who started the process. */
  readonly greeting?: (app: INestApplicationContext) => readonly string[];
}

/** One bounded context, as a process composes it. The `index.ts` of every `service/` exports one. */
export interface ContextService extends ServicePart {
  /** All deciders. Their families are the events that the context writes, and must read while a log contains them. */
  readonly deciders: readonly { readonly events: EventFamily<Fact> }[];
  // A projection of any event and document type: the runner returns to it what it received from it.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly projections: readonly Projection<any, any>[];
  /** Providers of the module, which the process resolves and runs. */
  readonly reactors: readonly Class<Reactor>[];
  readonly sweeps: readonly Class<Sweep>[];
  /** Work queues to which it adds items. */
  readonly queues?: readonly WorkQueueContract[];
}

/**
 * Creates a recorder of denied requests and of reads by global admins. Its name on the bus is that of the edge, or else
 * of the first context.
 */
export type RecordsRefusals = (parts: {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly logger: Logger;
}) => RefusalRecorder &
  AdminReadRecorder & {
    /** Sends buffered data while the bus still responds. Never rejects. */
    close(): Promise<void>;
  };

/** The HTTP API. Its bus acts for people. */
export interface EdgeService extends ServicePart {
  /** Requests that it sends on behalf of persons. */
  readonly contracts: readonly Contract[];
  /** Adds routes, health, and metrics to the application, before it is initialized. */
  readonly mount: (app: NestFastifyApplication) => void;
}

/** A worker that takes items from a queue, and has no log. */
export interface WorkerService extends ServicePart {
  /**
   * Starts to take items.
   *
   * @returns a function that stops: no new item is started, and items in progress are left to the next worker
   */
  readonly start: (app: INestApplicationContext, instance: ServiceInstance) => Promise<() => Promise<void>>;
}

/** Identifies a process. A later incarnation of a name proves that the earlier one has ended. */
export interface ServiceInstance {
  /** Unique among all hosts and data folders. */
  readonly name: string;
  /** New at each start. */
  readonly incarnation: string;
}

/** Settings of a process for its parts. */
export interface ServiceSettings {
  readonly configuration: Configuration;
  readonly dataFolder: string;
  /** IP address that the process listens on. `0.0.0.0` and `::` mean all addresses of the machine. */
  readonly host: string;
  readonly port: number;
  /** Address of the platform for people, without a path. */
  readonly publicUrl: string;
  /** `embedded`: this process is the complete platform. `distributed`: other processes run parts of it. */
  readonly profile: 'embedded' | 'distributed';
}

export const SERVICE_SETTINGS = Symbol('service settings');
