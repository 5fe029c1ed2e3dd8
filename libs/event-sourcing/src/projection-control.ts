import { domainError, position, type Position } from '#kernel';
import type { Collection, ReadStore } from '#read-store';
import type { Halt } from './event-reader.ts';

/** What a projection could not apply, and since when its document stands still. */
export interface ParkedDocument {
  /** Name of the error and the event: never its message, which may repeat what people wrote. */
  readonly reason: string;
  /** RFC 3339. */
  readonly since: string;
  /** Where the event stands that could not be applied. */
  readonly position: Position;
}

/** Stands beside the documents of one collection. */
export interface CollectionControl {
  readonly parked: Readonly<Record<string, ParkedDocument>>;
  /** About hourly: the position reached and the time, milliseconds since 1970; for sweeping tombstones a day later. */
  readonly marks: readonly (readonly [Position, number])[];
}

export const CONTROL: Collection = { name: 'projection-control', indexes: [] };
/** Requests of processes that do not lead a projection, for the one that does. */
export const REQUESTS: Collection = { name: 'projection-requests', indexes: ['projection'] };

export interface ControlRequest {
  readonly projection: string;
  readonly action: 'rebuild' | 'retry';
  readonly documentId?: string;
  /** The leader's refusal; the request is removed when it was done. */
  readonly error?: { readonly code: string; readonly detail: string };
}

/** The collection of a projection's generation; the first has the projection's own name. */
export const collectionOf = (projection: string, generation: number): string =>
  generation === 0 ? projection : `${projection}.g${generation}`;

const pointerId = (storeId: string, projection: string) => `${storeId}.${projection}.serving`;
const controlId = (storeId: string, collection: string) => `${storeId}.${collection}`;

/** Which generation of a projection serves. Control documents belong to one event store: of another, all begins again. */
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

/** @param version grows with each write, and with each leader before that: the guard on positions keeps a former leader out */
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

/** Refusals of the operations on projections. */
export const projectionErrors = {
  notFound: (name: string) => domainError('projection/not-found', 'not-found', `Projection ${name} not found.`),
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
  notLed: () =>
    domainError('projection/not-led', 'unavailable', 'No process has picked up the request; nothing was changed yet.', {
      retryAfterSeconds: 5,
    }),
};
