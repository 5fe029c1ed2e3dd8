import type { EventStore } from '#event-store';
import {
  domainError,
  err,
  ok,
  otherStore,
  pause,
  storeOf,
  type Clock,
  type DomainError,
  type Fact,
  type Position,
  type Projection,
  type Result,
} from '#kernel';
import { ReadStoreUnavailableError, type Collection, type ReadStore } from '#read-store';
import { collectionOf, servingGeneration } from './projection-control.ts';
import type { ReadModels } from './read-models.ts';
import type { RunningProjections } from './start-projections.ts';

export interface ReadModelsOptions {
  readonly eventStore: EventStore;
  readonly readStore: ReadStore;
  readonly clock: Clock;
  /** The projections of this process. If it leads a projection, its position is known without a lookup. */
  readonly projections: Pick<RunningProjections, 'find'>;
}

/** Milliseconds that a query waits for a position. */
const WAIT_MS = 2_000;
const POLL_MS = 10;
/** Milliseconds for which the serving generation of a projection is cached. */
const REMEMBERED_MS = 1_000;
/** The same while a query waits for a position: after a switch, the former generation never reaches it. */
const REMEMBERED_WAITING_MS = 100;

/** Creates the queries of read models. */
export function createReadModels({ eventStore, readStore, clock, projections }: ReadModelsOptions): ReadModels {
  const generations = new Map<string, { readonly atMs: number; readonly generation: Promise<number> }>();
  const polls = new Map<string, Promise<Position | undefined>>();

  async function collectionFor<E extends Fact, D>(
    projection: Projection<E, D>,
    rememberedMs = REMEMBERED_MS,
  ): Promise<Collection> {
    const indexes = projection.indexes ?? [];
    const own = projections.find(projection.name);
    if (own?.ownLead !== undefined) return { name: own.collection, indexes };
    const known = generations.get(projection.name);
    if (known && clock.monotonic() - known.atMs < rememberedMs)
      return { name: collectionOf(projection.name, await known.generation), indexes };
    const generation = servingGeneration(readStore, eventStore.storeId, projection.name);
    generations.set(projection.name, { atMs: clock.monotonic(), generation });
    generation.catch(() => generations.delete(projection.name));
    return { name: collectionOf(projection.name, await generation), indexes };
  }

  /** Returns the stored checkpoint. Concurrent callers share one lookup. */
  function storedPosition(collection: string): Promise<Position | undefined> {
    const pending = polls.get(collection);
    if (pending) return pending;
    const poll = readStore
      .checkpoint(collection)
      .then((checkpoint) => checkpoint?.position)
      .finally(() => polls.delete(collection));
    polls.set(collection, poll);
    return poll;
  }

  /** Waits until the projection's documents include everything up to `atLeast`. */
  async function level<E extends Fact, D>(
    projection: Projection<E, D>,
    atLeast: Position | undefined,
  ): Promise<Result<Collection, DomainError>> {
    if (atLeast === undefined) return ok(await collectionFor(projection));
    if (storeOf(atLeast) !== eventStore.storeId) return err(otherStore());
    let rememberedMs = REMEMBERED_MS;
    for (const end = clock.monotonic() + WAIT_MS; ; rememberedMs = REMEMBERED_WAITING_MS) {
      const collection = await collectionFor(projection, rememberedMs);
      const own = projections.find(projection.name);
      // What is built here may be another generation by now than the one that is about to be read.
      const led = own?.ownLead !== undefined && own.collection === collection.name ? own.position : undefined;
      const reached = led ?? (await storedPosition(collection.name));
      if (reached !== undefined && storeOf(reached) === eventStore.storeId && reached >= atLeast) return ok(collection);
      if (clock.monotonic() >= end) return err(notYet());
      await (own?.moved(POLL_MS) ?? pause(clock, POLL_MS));
    }
  }

  async function run<T, E extends Fact, D>(
    projection: Projection<E, D>,
    atLeast: Position | undefined,
    read: (collection: Collection) => Promise<T>,
  ): Promise<Result<T, DomainError>> {
    try {
      const collection = await level(projection, atLeast);
      return collection.ok ? ok(await read(collection.value)) : collection;
    } catch (error) {
      if (error instanceof ReadStoreUnavailableError) return err(error.error);
      throw error;
    }
  }

  return {
    get: <E extends Fact, D>(projection: Projection<E, D>, id: string, atLeast?: Position) =>
      run(projection, atLeast, ({ name }) => readStore.get<D>(name, id)),
    find: (projection, query, atLeast) => run(projection, atLeast, (collection) => readStore.find(collection, query)),
    count: (projection, where, atLeast) => run(projection, atLeast, (collection) => readStore.count(collection, where)),
  };
}

const notYet = () =>
  domainError('read/not-yet', 'unavailable', 'The change is not visible to reads yet.', {
    fix: 'try again in a second',
    retryAfterSeconds: 1,
  });
