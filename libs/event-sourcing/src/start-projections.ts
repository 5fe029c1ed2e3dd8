import type { EventStore, StoredEvent } from '#event-store';
import {
  sequenceOf,
  storeOf,
  type Clock,
  type Fact,
  type Ids,
  type Logger,
  type Position,
  type Projection,
} from '#kernel';
import type { ReadStore } from '#read-store';
import { LeaderRequests } from './leader-requests.ts';
import type { LogFeed } from './log-feed.ts';
import type { LogHealth } from './log-health.ts';
import { CONTROL, readControl, REQUESTS } from './projection-control.ts';
import { ProjectionSupervisor } from './projection-supervisor.ts';
import type { ProjectionControl, ProjectionStatus } from './read-models.ts';

export interface ProjectionsOptions {
  readonly feed: LogFeed;
  readonly eventStore: EventStore;
  readonly readStore: ReadStore;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Logger;
  readonly health: LogHealth;
  readonly owner: string;
}

/** The projections of one process. */
export interface RunningProjections {
  readonly control: ProjectionControl;
  /** Returns the projection with that name, if this process runs it. */
  // Projections of any event and document type are in one list.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  find(name: string): ProjectionSupervisor<any, any> | undefined;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  start(projections: readonly Projection<any, any>[]): Promise<void>;
  close(): Promise<void>;
}

const POLL_MS = 10;

type Supervisor = ProjectionSupervisor<Fact, unknown>;

export const createProjections = (options: ProjectionsOptions): RunningProjections => new Projections(options);

class Projections implements RunningProjections {
  readonly control: ProjectionControl;
  private readonly stop = new AbortController();
  private readonly supervisors = new Map<string, Supervisor>();
  private readonly requests: LeaderRequests;
  private serving: Promise<void> | undefined;

  constructor(private readonly options: ProjectionsOptions) {
    this.requests = new LeaderRequests({ ...options, supervisors: this.supervisors, signal: this.stop.signal });
    this.control = {
      status: () => this.status(),
      rebuild: (name) => this.requests.request({ projection: name, action: 'rebuild' }),
      retry: (name, documentId) =>
        this.requests.request({ projection: name, action: 'retry', ...(documentId !== undefined && { documentId }) }),
      waitUntilApplied: (wanted, { orStopped = false } = {}) => this.waitUntilApplied(wanted, orStopped),
    };
  }

  find(name: string): Supervisor | undefined {
    return this.supervisors.get(name);
  }

  // Projections of any event and document type are in one list.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  async start(projections: readonly Projection<any, any>[]): Promise<void> {
    const { readStore } = this.options;
    await readStore.ensure(CONTROL);
    await readStore.ensure(REQUESTS);
    for (const projection of projections) {
      if (this.supervisors.has(projection.name)) throw new Error(`the projection ${projection.name} was started twice`);
      const supervisor: Supervisor = new ProjectionSupervisor<Fact, unknown>(projection, this.options);
      this.supervisors.set(projection.name, supervisor);
      supervisor.start();
    }
    this.serving ??= this.requests.serve();
  }

  async close(): Promise<void> {
    this.stop.abort();
    await Promise.all([...this.supervisors.values()].map((supervisor) => supervisor.close()));
    await this.serving;
  }

  private async positionOf(supervisor: Supervisor): Promise<Position | undefined> {
    return supervisor.position ?? (await this.options.readStore.checkpoint(supervisor.collection))?.position;
  }

  private async waitUntilApplied(wanted: Position, orStopped: boolean): Promise<void> {
    for (const supervisor of this.supervisors.values()) {
      for (;;) {
        if (this.stop.signal.aborted || (orStopped && supervisor.halt)) break;
        const reached = await this.positionOf(supervisor);
        if (reached !== undefined && storeOf(reached) === storeOf(wanted) && reached >= wanted) break;
        await supervisor.moved(POLL_MS);
      }
    }
  }

  private async status(): Promise<readonly ProjectionStatus[]> {
    const head = await this.options.eventStore.head();
    return Promise.all([...this.supervisors.values()].map((supervisor) => this.statusOf(supervisor, head)));
  }

  private async statusOf(supervisor: Supervisor, head: Position): Promise<ProjectionStatus> {
    const { eventStore, readStore, clock } = this.options;
    const reached = await this.positionOf(supervisor);
    const known = reached !== undefined && storeOf(reached) === eventStore.storeId ? reached : undefined;
    const lagEvents = Math.max(0, sequenceOf(head) - (known ? sequenceOf(known) : 0));
    const waiting = lagEvents === 0 ? undefined : await this.firstAfter(known);
    const parked =
      supervisor.ownLead?.parked ??
      new Map(Object.entries((await readControl(readStore, eventStore.storeId, supervisor.collection)).parked));
    return {
      name: supervisor.projection.name,
      position: reached,
      lagEvents: waiting === undefined ? 0 : lagEvents,
      lagSeconds: waiting === undefined ? 0 : Math.max(0, (clock.now() - Date.parse(waiting.recordedAt)) / 1000),
      parked: [...parked].map(([documentId, { reason, since }]) => ({ documentId, reason, since })),
      state: supervisor.state,
    };
  }

  private async firstAfter(after: Position | undefined): Promise<StoredEvent | undefined> {
    const { eventStore } = this.options;
    for await (const event of eventStore.readAll({ ...(after !== undefined && { after }), limit: 1 })) return event;
    return undefined;
  }
}
