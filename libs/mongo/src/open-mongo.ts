import { pause, type Clock, type Logger } from '#kernel';
import mongoose, { type Connection, type Model } from 'mongoose';
import { describeFailure, isMissingCollection, isRefusedByServer, type Described } from './mongo-failure.ts';

/** The name of the database where the address has none. */
const DATABASE = 'astro';
/** Milliseconds until a server counts as away. Below OPERATION_MS, so that the driver's own reason is known first. */
const SELECT_SERVER_MS = 3_000;
const OPERATION_MS = 5_000;
/** Milliseconds that `close` waits for what is under way. */
const CLOSE_MS = 5_000;
const CONNECTIONS = 20;
/** Several processes may make one index at once, which servers of the protocol refuse to all but one. */
const ENSURE_TRIES = 5;

export interface MongoFailure extends Described {
  readonly cause: unknown;
}

export interface MongoOptions {
  /** `mongodb://` or `mongodb+srv://`; its path is the name of the database, `astro` when left out. */
  readonly url: string;
  /** The setting that names the server, such as `ASTRO_VAULT`: sentences of errors begin with it. */
  readonly setting: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** The port's own error for a failure. */
  readonly errorOf: (failure: MongoFailure) => Error;
}

/** A connection to one database. It connects again by itself; while the server is away every operation is refused in time. */
export interface MongoStore {
  readonly connection: Connection;
  /** Something of one step or more, for which `close` waits. @throws what `errorOf` makes of a connection that is closed */
  whole<T>(action: () => Promise<T>): Promise<T>;
  /**
   * Asks the server once, or a few times.
   * @throws what `errorOf` makes of failures of the server, and of no answer within 5 s: then it may still take effect
   */
  step<T>(action: () => Promise<T>): Promise<T>;
  /** Makes a collection and its declared indexes where they are missing. */
  ensure<T>(model: Model<T>): Promise<void>;
  /** A whole of one step. */
  run<T>(action: () => Promise<T>): Promise<T>;
  /** Waits for what is under way, and takes no more. */
  close(): Promise<void>;
}

/**
 * Connects, and proves that the database can be read.
 * @throws what `errorOf` makes of a wrong address, refused credentials, a failed TLS handshake, an old server
 */
export async function openMongo({ url, setting, clock, log, errorOf }: MongoOptions): Promise<MongoStore> {
  const { host, database } = partsOf(url);
  const fail = (described: Described, cause?: unknown) =>
    errorOf({ ...described, sentence: `${setting}: ${described.sentence}`, cause });
  const failure = (error: unknown) => {
    const described = describeFailure(error, host, database);
    return described ? fail(described, error) : error;
  };
  const connection = await connect(url, database).catch((error: unknown) => {
    throw fail(describeFailure(error, host, database) ?? unusable(error), error);
  });
  log.debug({ setting, server: host, database }, 'connected to a MongoDB server');
  watch(connection, log, { setting, server: host });
  const underWay = new Set<Promise<unknown>>();
  let isClosed = false;

  async function whole<T>(action: () => Promise<T>): Promise<T> {
    if (isClosed) throw fail({ sentence: 'the connection is closed.', isDiskFull: false });
    const work = action();
    const settled = work.then(ignore, ignore).then(() => void underWay.delete(settled));
    underWay.add(settled);
    return work;
  }

  async function step<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await within(action());
    } catch (error) {
      throw failure(error);
    }
  }

  async function within<T>(work: Promise<T>): Promise<T> {
    const limit = new AbortController();
    const late = pause(clock, OPERATION_MS, limit.signal).then((): never => {
      throw fail({
        sentence: `the MongoDB server at ${host} does not respond within ${OPERATION_MS / 1_000} s.`,
        isDiskFull: false,
      });
    });
    late.catch(ignore);
    try {
      return await Promise.race([work, late]);
    } finally {
      limit.abort();
    }
  }

  return {
    connection,
    whole,
    step,
    run: (action) => whole(() => step(action)),
    ensure: (model) => whole(() => step(() => ensure(model))),
    async close() {
      if (isClosed) return;
      isClosed = true;
      const limit = new AbortController();
      await Promise.race([Promise.all(underWay), pause(clock, CLOSE_MS, limit.signal)]);
      limit.abort();
      await connection.close(true);
    },
  };
}

const ignore = (): void => {};

/** In one request where nothing is missing: processes ask for it whenever they take or follow a lead. */
async function ensure<T>({ schema, collection }: Model<T>): Promise<void> {
  const nameOf = (key: object): string => JSON.stringify(key);
  for (let tries = 1; ; tries++) {
    try {
      const present = await collection
        .listIndexes()
        .toArray()
        .catch((error: unknown) => {
          if (!isMissingCollection(error)) throw error;
          return undefined;
        });
      if (!present) await collection.conn.createCollection(collection.name);
      const names = new Set(present?.map(({ key }) => nameOf(key as object)));
      // One by one: servers of the protocol fail where some of several are there already.
      for (const [key] of schema.indexes())
        if (!names.has(nameOf(key))) await collection.createIndex(key as Record<string, 1 | -1>);
      return;
    } catch (error) {
      if (tries === ENSURE_TRIES || !isRefusedByServer(error)) throw error;
    }
  }
}

/** The driver refuses the address before it connects: a name, an option, a file that the address has. */
function unusable(error: unknown): Described {
  const message = typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : '';
  return {
    sentence: `the address of the MongoDB server cannot be used${message && !message.includes('@') ? ` (${message})` : ''}.`,
    isDiskFull: false,
  };
}

async function connect(url: string, database: string): Promise<Connection> {
  const connection = mongoose.createConnection();
  try {
    await connection.openUri(url, {
      dbName: database,
      appName: 'astro platform',
      autoCreate: false,
      autoIndex: false,
      bufferCommands: false,
      maxPoolSize: CONNECTIONS,
      serverSelectionTimeoutMS: SELECT_SERVER_MS,
      connectTimeoutMS: SELECT_SERVER_MS,
      socketTimeoutMS: 2 * OPERATION_MS,
      // Whatever the address says: what was answered stays, and what was written is read.
      readPreference: 'primary',
      writeConcern: { w: 'majority', journal: true },
    });
    await connection.collection('projections').findOne({ _id: { $eq: '' as never } });
    return connection;
  } catch (error) {
    await connection.close(true).catch(ignore);
    throw error;
  }
}

/** Tells the log once when the server goes away, and when it is back. */
function watch(connection: Connection, log: Logger, server: Readonly<Record<string, string>>): void {
  connection.on('error', ignore); // an operation that fails says so itself
  connection.on('disconnected', () => log.warn(server, 'a MongoDB server is not reachable'));
  connection.on('reconnected', () => log.info(server, 'a MongoDB server is reachable again'));
}

/** What may be shown of an address, which may hold a password with any character; several hosts are one text. */
function partsOf(url: string): { readonly host: string; readonly database: string } {
  const [, scheme = 'mongodb', hosts = '', path = ''] =
    /^(mongodb(?:\+srv)?):\/\/(?:.*@)?([^/]*)(?:\/(.*))?$/.exec(url.split('?')[0] ?? '') ?? [];
  return { host: `${scheme}://${hosts}`, database: path === '' ? DATABASE : decodeURIComponent(path) };
}
