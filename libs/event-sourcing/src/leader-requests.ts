import type { EventStore } from '#event-store';
import {
  err,
  ok,
  pause,
  position,
  storeOf,
  type Clock,
  type DomainError,
  type Fact,
  type Ids,
  type Logger,
  type Position,
  type Result,
} from '#kernel';
import type { ReadStore, StoredDocument } from '#read-store';
import { projectionErrors, REQUESTS, type ControlRequest } from './projection-control.ts';
import type { ProjectionSupervisor } from './projection-supervisor.ts';
import type { ProjectionRequest } from './read-models.ts';

export interface LeaderRequestsOptions {
  readonly eventStore: EventStore;
  readonly readStore: ReadStore;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Logger;
  /** The projections of this process, by name. */
  readonly supervisors: ReadonlyMap<string, ProjectionSupervisor<Fact, unknown>>;
  /** Aborts when this process stops. */
  readonly signal: AbortSignal;
}

/** Milliseconds between two checks for requests of other processes. */
const REQUESTS_MS = 1_000;
/** Milliseconds between two heartbeats of a leader that works on a request. */
const HEARTBEAT_MS = 5_000;
/** Milliseconds without a sign of a leader until a process gives up its request. */
const TIMEOUT_MS = 30_000;
/** Milliseconds between two checks whether a request is complete. */
const POLL_MS = 100;
const NOT_LED = projectionErrors.noLeader().code;
const BUSY = projectionErrors.busy().code;

/**
 * Sends an operation to the process that leads the projection, through the read store, and waits for the result. The
 * caller does not need to run the projection.
 *
 * @returns `projection/not-led` (503) if no process works on the request within 30 s or continues to work on it; the
 *   error of the leader otherwise
 */
export async function requestLeader(
  { projection, action, documentId }: ControlRequest,
  { eventStore, readStore, clock, ids, signal }: Omit<LeaderRequestsOptions, 'log' | 'supervisors'>,
): Promise<Result<void, DomainError>> {
  const id = ids.uuid();
  const document = { projection, action, ...(documentId !== undefined && { documentId }) };
  await readStore.ensure(REQUESTS);
  let at = await eventStore.head();
  await readStore.apply([{ collection: REQUESTS.name, id, position: at, document }]);
  const withdraw = () => remove(readStore, { id, position: at });
  let end = clock.monotonic() + TIMEOUT_MS;
  for (; clock.monotonic() < end && !signal.aborted; await pause(clock, POLL_MS, signal)) {
    const found = await readStore.get<ControlRequest>(REQUESTS.name, id);
    if (found === undefined) return ok(undefined);
    if (found.position !== at) end = clock.monotonic() + TIMEOUT_MS;
    at = found.position;
    const { error } = found.document;
    if (error) {
      await withdraw();
      return err(errorOf(error));
    }
  }
  await withdraw();
  return err(projectionErrors.noLeader());
}

/**
 * Runs operations on projections in the process that leads them. Other processes send requests through the read store.
 */
export class LeaderRequests {
  /** IDs of the requests of other processes that this process works on. */
  private readonly inProgress = new Set<string>();

  constructor(private readonly options: LeaderRequestsOptions) {}

  /**
   * Runs an operation here if this process leads the projection; otherwise sends it to the leader and waits for the
   * result.
   */
  async request(request: ControlRequest): Promise<Result<void, DomainError>> {
    const supervisor = this.options.supervisors.get(request.projection);
    if (supervisor === undefined) return err(projectionErrors.notFound(request.projection));
    if (supervisor.ownLead !== undefined) return this.act(request);
    return requestLeader(request, this.options);
  }

  /** Leaves a request for the leader, which may be this process. See `ProjectionControl.submit`. */
  async submit({ id, projection, action }: ProjectionRequest): Promise<Result<void, DomainError>> {
    const { eventStore, readStore, clock } = this.options;
    const supervisor = this.options.supervisors.get(projection);
    if (supervisor === undefined) return err(projectionErrors.notFound(projection));
    if (supervisor.halt !== undefined) return err(projectionErrors.halted(supervisor.halt));
    const same = (await this.of(projection)).filter(({ document }) => document.action === action);
    const pending = same.filter(({ document }) => document.error === undefined);
    if (pending.some((item) => item.id === id)) return ok(undefined);
    if (action === 'rebuild' && (pending.length > 0 || supervisor.isRebuilding)) return err(projectionErrors.busy());
    for (const item of same) if (item.document.error !== undefined) await remove(readStore, item);
    const document = { projection, action, requestedAt: new Date(clock.now()).toISOString() };
    await readStore.apply([{ collection: REQUESTS.name, id, position: await eventStore.head(), document }]);
    return ok(undefined);
  }

  /** See `ProjectionControl.outcome`. A request that is not found is complete. */
  async outcome(id: string, ms: number): Promise<Result<'done' | 'working', DomainError>> {
    const { readStore, clock, signal } = this.options;
    const end = clock.monotonic() + ms;
    for (;;) {
      const found = await readStore.get<ControlRequest>(REQUESTS.name, id);
      if (found === undefined) return ok('done');
      if (found.document.error) return err(errorOf(found.document.error));
      if (clock.monotonic() >= end || signal.aborted) return ok('working');
      await pause(clock, POLL_MS, signal);
    }
  }

  /** Returns the requests for a projection that are not complete, or have failed. */
  async of(projection: string): Promise<readonly StoredDocument<ControlRequest>[]> {
    return (await this.options.readStore.find<ControlRequest>(REQUESTS, { where: { projection } })).items;
  }

  /** Processes the requests of other processes until this process stops. */
  async serve(): Promise<void> {
    const { readStore, clock, supervisors, signal } = this.options;
    for (; !signal.aborted; await pause(clock, REQUESTS_MS, signal)) {
      const led = [...supervisors.values()]
        .filter(({ ownLead }) => ownLead !== undefined)
        .map(({ projection }) => projection.name);
      if (led.length === 0) continue;
      try {
        const { items } = await readStore.find<ControlRequest>(REQUESTS, { where: { projection: led } });
        for (const item of items)
          if (item.document.error === undefined && !this.inProgress.has(item.id)) void this.respond(item);
      } catch (error) {
        this.warn(error, 'projection requests could not be read');
      }
    }
  }

  private async act(request: ControlRequest): Promise<Result<void, DomainError>> {
    const supervisor = this.options.supervisors.get(request.projection);
    if (supervisor === undefined) return err(projectionErrors.notFound(request.projection));
    if (request.action === 'rebuild') return supervisor.rebuild();
    return (await supervisor.ownLead?.retry(request.documentId)) ?? err(projectionErrors.noLeader());
  }

  /** Works on a request of another process and writes heartbeats, so that the process continues to wait. */
  private async respond({ id, position: requestedAt, document }: StoredDocument<ControlRequest>): Promise<void> {
    const { readStore, clock } = this.options;
    this.inProgress.add(id);
    const done = new AbortController();
    let at = requestedAt;
    const write = (change: Partial<ControlRequest> | undefined): Promise<unknown> => {
      at = nextPosition(at);
      const target = { collection: REQUESTS.name, id, position: at };
      return readStore.apply([
        change ? { ...target, document: { ...document, ...change } } : { ...target, removed: true },
      ]);
    };
    const beat = async (): Promise<void> => {
      for (let heartbeat = 1; !done.signal.aborted; heartbeat += 1) {
        await write({ heartbeat });
        await pause(clock, HEARTBEAT_MS, done.signal);
      }
    };
    const beating = beat().catch((error: unknown) => this.warn(error, 'a projection request could not be updated'));
    try {
      const outcome = await this.act(document).finally(() => done.abort());
      await beating;
      // The process that leads the projection by now reads the request too.
      if (!outcome.ok && outcome.error.code === NOT_LED) return;
      // If nobody waits, a rebuild that another request has started is the one that was asked for.
      const isDone = outcome.ok || (document.requestedAt !== undefined && outcome.error.code === BUSY);
      await write(isDone ? undefined : { error: { code: outcome.error.code, detail: outcome.error.detail } });
    } catch (error) {
      this.warn(error, 'a projection request could not be completed');
    } finally {
      this.inProgress.delete(id);
    }
  }

  private warn(error: unknown, message: string): void {
    this.options.log.warn({ cause: error instanceof Error ? error.message : String(error) }, message);
  }
}

/** Returns the error of a leader for the process that waits for it. */
const errorOf = (error: NonNullable<ControlRequest['error']>): DomainError => ({
  ...projectionErrors.noLeader(),
  ...error,
  kind: 'conflict',
});

const remove = (readStore: ReadStore, { id, position: at }: Pick<StoredDocument, 'id' | 'position'>) =>
  readStore.apply([{ collection: REQUESTS.name, id, position: nextPosition(at), removed: true }]);

/** Returns the next position, to update a document that is not derived from the log. */
const nextPosition = (at: Position): Position => position(storeOf(at), BigInt(at.slice(-20)) + 1n);
