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
/** Milliseconds that a process waits for the leader's response. */
const TIMEOUT_MS = 30_000;
const NOT_LED = projectionErrors.noLeader().code;

/**
 * Sends an operation to the process that leads the projection, through the read store, and waits up to 30 s for the
 * result. The caller does not need to run the projection.
 *
 * @returns `projection/not-led` (503) if no process has picked up the request; the error of the leader otherwise
 */
export async function requestLeader(
  { projection, action, documentId }: ControlRequest,
  { eventStore, readStore, clock, ids, signal }: Omit<LeaderRequestsOptions, 'log' | 'supervisors'>,
): Promise<Result<void, DomainError>> {
  const id = ids.uuid();
  const document = { projection, action, ...(documentId !== undefined && { documentId }) };
  await readStore.ensure(REQUESTS);
  const head = await eventStore.head();
  await readStore.apply([{ collection: REQUESTS.name, id, position: head, document }]);
  for (const end = clock.monotonic() + TIMEOUT_MS; clock.monotonic() < end; await pause(clock, 100, signal)) {
    if (signal.aborted) break;
    const found = await readStore.get<ControlRequest>(REQUESTS.name, id);
    if (found === undefined) return ok(undefined);
    const { error } = found.document;
    if (error) return err({ ...projectionErrors.noLeader(), ...error, kind: 'conflict' });
  }
  await readStore.apply([{ collection: REQUESTS.name, id, position: nextPosition(head), removed: true }]);
  return err(projectionErrors.noLeader());
}

/**
 * Runs operations on projections in the process that leads them. Other processes send requests through the read store.
 */
export class LeaderRequests {
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

  /** Processes the requests of other processes until this process stops. */
  async serve(): Promise<void> {
    const { readStore, clock, log, supervisors, signal } = this.options;
    for (; !signal.aborted; await pause(clock, REQUESTS_MS, signal)) {
      const led = [...supervisors.values()]
        .filter(({ ownLead }) => ownLead !== undefined)
        .map(({ projection }) => projection.name);
      if (led.length === 0) continue;
      try {
        const { items } = await readStore.find<ControlRequest>(REQUESTS, { where: { projection: led } });
        for (const item of items) if (item.document.error === undefined) await this.respond(item);
      } catch (error) {
        log.warn(
          { cause: error instanceof Error ? error.message : String(error) },
          'projection requests could not be read',
        );
      }
    }
  }

  private async act(request: ControlRequest): Promise<Result<void, DomainError>> {
    const supervisor = this.options.supervisors.get(request.projection);
    if (supervisor === undefined) return err(projectionErrors.notFound(request.projection));
    if (request.action === 'rebuild') return supervisor.rebuild();
    return (await supervisor.ownLead?.retry(request.documentId)) ?? err(projectionErrors.noLeader());
  }

  private async respond({ id, position: requestedAt, document }: StoredDocument<ControlRequest>): Promise<void> {
    const outcome = await this.act(document);
    if (!outcome.ok && outcome.error.code === NOT_LED) return; // the process that leads it by now reads the request too
    const at = { collection: REQUESTS.name, id, position: nextPosition(requestedAt) };
    const { projection, action } = document;
    if (outcome.ok) return void (await this.options.readStore.apply([{ ...at, removed: true }]));
    const { code, detail } = outcome.error;
    await this.options.readStore.apply([{ ...at, document: { projection, action, error: { code, detail } } }]);
  }
}

/** Returns the next position, to update a document that is not derived from the log. */
const nextPosition = (at: Position): Position => position(storeOf(at), BigInt(at.slice(-20)) + 1n);
