import { domainError, position, type Position } from '#kernel';
import type { Collection, ReadStore } from '#read-store';
import type { Halt } from './event-reader.ts';

/** A document that a projection could not update. */
export interface ParkedDocument {
  /** Name of the error and type of the event. Never the message, which may contain text of users. */
  readonly reason: string;
  /** RFC 3339. */
  readonly since: string;
  /** Position of the event that could not be applied. */
  readonly position: Position;
}

/** Control document of one collection. */
export interface CollectionControl {
  readonly parked: Readonly<Record<string, ParkedDocument>>;
  /** About hourly: the position reached, and the time in milliseconds since 1970, to remove tombstones a day later. */
  readonly marks: readonly (readonly [Position, number])[];
}

/** Control documents of all collections. */
export const CONTROL: Collection = { name: 'projection-control', indexes: [] };
/** Requests to the process that leads a projection. */
export const REQUESTS: Collection = { name: 'projection-requests', indexes: ['projection'] };

/** A request for an operation on a projection. */
export interface ControlRequest {
  readonly projection: string;
  readonly action: 'rebuild' | 'retry';
  readonly documentId?: string;
  /** RFC 3339. Present if nobody waits for the result: it remains visible until the next request. */
  readonly requestedAt?: string;
  /** Increases every few seconds while the leader works on the request. */
  readonly heartbeat?: number;
  /** Error of the leader. A request that succeeded is removed. */
  readonly error?: { readonly code: string; readonly detail: string };
}

/** Returns the collection of a projection's generation. The first has the projection's name. */
export const collectionOf = (projection: string, generation: number): string =>
  generation === 0 ? projection : `${projection}.g${generation}`;

const pointerId = (storeId: string, projection: string) => `${storeId}.${projection}.serving`;
const controlId = (storeId: string, collection: string) => `${storeId}.${collection}`;

/** Returns the serving generation of a projection. Control documents of another event store are ignored. */
export async function servingGeneration(readStore: ReadStore, storeId: string, projection: string): Promise<number> {
  const found = await readStore.get<{ readonly generation: number }>(CONTROL.name, pointerId(storeId, projection));
  return found?.document.generation ?? 0;
}

export async function serveGeneration(
  readStore: ReadStore,
  storeId: string,
  projection: string,
  generation: number,
): Promise<void> {
  await readStore.apply([
    {
      collection: CONTROL.name,
      id: pointerId(storeId, projection),
      position: position(storeId, generation),
      document: { generation },
    },
  ]);
}

export async function readControl(
  readStore: ReadStore,
  storeId: string,
  collection: string,
): Promise<CollectionControl> {
  const found = await readStore.get<CollectionControl>(CONTROL.name, controlId(storeId, collection));
  return found?.document ?? { parked: {}, marks: [] };
}

/**
 * Writes a control document.
 *
 * @param version increases with each write and each leader, so that the position guard rejects writes of a former
 *   leader
 */
export async function writeControl(
  readStore: ReadStore,
  storeId: string,
  collection: string,
  version: bigint,
  control: CollectionControl,
): Promise<void> {
  const parked = Object.fromEntries(
    Object.entries(control.parked).map(([id, { reason, since, position: at }]) => [
      id,
      { reason, since, position: at },
    ]),
  );
  const document = { parked, marks: control.marks.map(([at, atMs]) => [at, atMs]) };
  await readStore.apply([
    { collection: CONTROL.name, id: controlId(storeId, collection), position: position(storeId, version), document },
  ]);
}

/** Errors of the operations on projections. */
export const projectionErrors = {
  notFound: (name: string, nearest?: string) =>
    domainError('projection/not-found', 'not-found', `Projection ${name} not found.`, {
      fix:
        nearest === undefined
          ? 'list them: astroctl admin projections list'
          : `did you mean ${nearest}? To list them: astroctl admin projections list`,
    }),
  notParked: () => domainError('projection/not-parked', 'not-found', 'The document is not parked.'),
  stillFailing: (count: number) =>
    domainError(
      'projection/still-failing',
      'conflict',
      `${count} documents still cannot be built from their streams by this release.`,
    ),
  busy: () =>
    domainError('projection/busy', 'conflict', 'The projection is already being rebuilt.', {
      fix: 'try again when the rebuild has finished',
    }),
  halted: ({ message }: Halt) =>
    domainError('projection/halted', 'unavailable', `The projection cannot be built. ${message}`, {
      fix: 'see the operator guide, "A damaged log"; if an upgrade is in progress, finish it',
    }),
  noLeader: () =>
    domainError('projection/not-led', 'unavailable', 'No process has picked up the request; nothing was changed yet.', {
      retryAfterSeconds: 5,
    }),
};
