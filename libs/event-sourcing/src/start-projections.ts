import type { EventStore, StoredEvent } from '#event-store';
import {
  err,
  ok,
  pause,
  position,
  sequenceOf,
  storeOf,
  type Clock,
  type DomainError,
  type Fact,
  type Ids,
  type Logger,
  type Position,
  type Projection,
  type Result,
} from '#kernel';
import type { ReadStore, StoredDocument } from '#read-store';
import type { LogFeed } from './log-feed.ts';
import type { LogHealth } from './log-health.ts';
import { CONTROL, projectionErrors, readControl, REQUESTS, type ControlRequest } from './projection-control.ts';
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
  /** The one of that name, if it runs in this process. */
  // Projections of any event and document type are in one list.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  find(name: string): ProjectionSupervisor<any, any> | undefined;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  start(projections: readonly Projection<any, any>[]): Promise<void>;
  close(): Promise<void>;
}

/** Milliseconds between two looks at what other processes ask of the leaders here. */
const REQUESTS_MS = 1_000;
/** Milliseconds until a process that asked a leader elsewhere stops waiting. */
const ANSWER_MS = 30_000;
const SETTLE_POLL_MS = 10;

export function createProjections(options: ProjectionsOptions): RunningProjections {
  const { eventStore, readStore, clock, ids, log } = options;
  const stop = new AbortController();
  const supervisors = new Map<string, ProjectionSupervisor<Fact, unknown>>();
  let serving: Promise<void> | undefined;

  const positionOf = async (supervisor: ProjectionSupervisor<Fact, unknown>) =>
    supervisor.position ?? (await readStore.checkpoint(supervisor.collection))?.position;

  async function act(request: ControlRequest): Promise<Result<void, DomainError>> {
    const supervisor = supervisors.get(request.projection);
    if (supervisor === undefined) return err(projectionErrors.notFound(request.projection));
    if (request.action === 'rebuild') return supervisor.rebuild();
    return (await supervisor.leads?.retry(request.documentId)) ?? err(projectionErrors.notLed());
  }

  /** Does it here where this process leads, else asks the leader through the read store and waits for its answer. */
  async function ask(request: ControlRequest): Promise<Result<void, DomainError>> {
    const supervisor = supervisors.get(request.projection);
    if (supervisor === undefined) return err(projectionErrors.notFound(request.projection));
    if (supervisor.leads !== undefined) return act(request);
    const id = ids.uuid();
    const { projection, action, documentId } = request;
    const document = { projection, action, ...(documentId !== undefined && { documentId }) };
    await readStore.apply([{ collection: REQUESTS.name, id, position: await eventStore.head(), document }]);
    for (const end = clock.monotonic() + ANSWER_MS; clock.monotonic() < end; await pause(clock, 100, stop.signal)) {
      if (stop.signal.aborted) break;
      const found = await readStore.get<ControlRequest>(REQUESTS.name, id);
      if (found === undefined) return ok(undefined);
      const { error } = found.document;
      if (error) return err({ ...projectionErrors.notLed(), ...error, kind: 'conflict' });
    }
    return err(projectionErrors.notLed());
  }

  async function serveRequests(): Promise<void> {
    for (; !stop.signal.aborted; await pause(clock, REQUESTS_MS, stop.signal)) {
      const led = [...supervisors.values()]
        .filter(({ leads }) => leads !== undefined)
        .map(({ projection }) => projection.name);
      if (led.length === 0) continue;
      try {
        const { items } = await readStore.find<ControlRequest>(REQUESTS, { where: { projection: led } });
        for (const item of items) if (item.document.error === undefined) await answer(item);
      } catch (error) {
        log.warn(
          { cause: error instanceof Error ? error.message : String(error) },
          'projection requests could not be read',
        );
      }
    }
  }

  async function answer({ id, position: asked, document }: StoredDocument<ControlRequest>): Promise<void> {
    const outcome = await act(document);
    const later = nextPosition(asked);
    const { projection, action } = document;
    if (outcome.ok) await readStore.apply([{ collection: REQUESTS.name, id, position: later, removed: true }]);
    else
      await readStore.apply([
        {
          collection: REQUESTS.name,
          id,
          position: later,
          document: { projection, action, error: { code: outcome.error.code, detail: outcome.error.detail } },
        },
      ]);
  }

  async function statusOf(supervisor: ProjectionSupervisor<Fact, unknown>, head: Position): Promise<ProjectionStatus> {
    const reached = await positionOf(supervisor);
    const known = reached !== undefined && storeOf(reached) === eventStore.storeId ? reached : undefined;
    const lagEvents = Math.max(0, sequenceOf(head) - (known ? sequenceOf(known) : 0));
    const waiting = lagEvents === 0 ? undefined : await firstBehind(known);
    const parked =
      supervisor.leads?.parked ??
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

  async function firstBehind(after: Position | undefined): Promise<StoredEvent | undefined> {
    for await (const event of eventStore.readAll({ ...(after !== undefined && { after }), limit: 1 })) return event;
    return undefined;
  }

  const control: ProjectionControl = {
    async status() {
      const head = await eventStore.head();
      return Promise.all([...supervisors.values()].map((supervisor) => statusOf(supervisor, head)));
    },
    rebuild: (name) => ask({ projection: name, action: 'rebuild' }),
    retry: (name, documentId) =>
      ask({ projection: name, action: 'retry', ...(documentId !== undefined && { documentId }) }),
    async settled(wanted, { orStopped = false } = {}) {
      for (const supervisor of supervisors.values()) {
        for (;;) {
          if (stop.signal.aborted || (orStopped && supervisor.halt)) break;
          const reached = await positionOf(supervisor);
          if (reached !== undefined && storeOf(reached) === storeOf(wanted) && reached >= wanted) break;
          await supervisor.moved(SETTLE_POLL_MS);
        }
      }
    },
  };

  return {
    control,
    find: (name) => supervisors.get(name),
    async start(projections) {
      await readStore.ensure(CONTROL);
      await readStore.ensure(REQUESTS);
      for (const projection of projections) {
        if (supervisors.has(projection.name)) throw new Error(`the projection ${projection.name} was started twice`);
        const supervisor = new ProjectionSupervisor<Fact, unknown>(projection, options);
        supervisors.set(projection.name, supervisor);
        supervisor.start();
      }
      serving ??= serveRequests();
    },
    async close() {
      stop.abort();
      await Promise.all([...supervisors.values()].map((supervisor) => supervisor.close()));
      await serving;
    },
  };
}

/** A position after another one, for the guard on a document that is not of the log. */
const nextPosition = (at: Position): Position => position(storeOf(at), BigInt(at.slice(-20)) + 1n);
