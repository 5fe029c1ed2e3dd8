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
import type { ProjectionControl, ProjectionStatus, RebuildStatus } from './read-models.ts';

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
      status: (names) => this.status(names),
      rebuild: (name) => this.requests.request({ projection: name, action: 'rebuild' }),
      retry: (name, documentId) =>
        this.requests.request({ projection: name, action: 'retry', ...(documentId !== undefined && { documentId }) }),
      submit: (request) => this.requests.submit(request),
      outcome: (id, ms) => this.requests.outcome(id, ms),
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

  private async status(names?: ReadonlySet<string>): Promise<readonly ProjectionStatus[]> {
    const head = await this.options.eventStore.head();
    const wanted = [...this.supervisors.values()].filter(({ projection }) => names?.has(projection.name) ?? true);
    return Promise.all(wanted.map((supervisor) => this.statusOf(supervisor, head)));
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
      head,
      lagEvents: waiting === undefined ? 0 : lagEvents,
      lagSeconds: waiting === undefined ? 0 : Math.max(0, (clock.now() - Date.parse(waiting.recordedAt)) / 1000),
      parked: [...parked].map(([documentId, { reason, since, position }]) => ({ documentId, reason, since, position })),
      state: supervisor.state,
      halt: supervisor.halt?.message,
      leader: supervisor.ownLead && this.options.owner.slice(0, this.options.owner.lastIndexOf('/')),
      rebuild: await this.rebuildOf(supervisor),
    };
  }

  private async rebuildOf(supervisor: Supervisor): Promise<RebuildStatus | undefined> {
    const rebuilds = (await this.requests.of(supervisor.projection.name)).filter(
      ({ document }) => document.action === 'rebuild',
    );
    const pending = rebuilds.find(({ document }) => document.error === undefined)?.document;
    if (pending === undefined && !supervisor.isRebuilding) {
      const failed = rebuilds.find(({ document }) => document.requestedAt !== undefined)?.document;
      return failed && { requestedAt: failed.requestedAt, position: undefined, failure: failed.error?.detail };
    }
    // An earlier rebuild that did not end may have left a checkpoint, which the leader removes when it starts.
    const isStarted = supervisor.isRebuilding || pending?.heartbeat !== undefined;
    const checkpoint = isStarted ? await this.options.readStore.checkpoint(supervisor.nextCollection) : undefined;
    return { requestedAt: pending?.requestedAt, position: checkpoint?.position, failure: undefined };
  }

  private async firstAfter(after: Position | undefined): Promise<StoredEvent | undefined> {
    const { eventStore } = this.options;
    for await (const event of eventStore.readAll({ ...(after !== undefined && { after }), limit: 1 })) return event;
    return undefined;
  }
}
