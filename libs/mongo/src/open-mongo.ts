import { withTimeout, type Clock, type Logger } from '#kernel';
import mongoose, { type Connection, type Model } from 'mongoose';
import { describeFailure, isMissingCollection, isRefusedByServer, type Described } from './mongo-failure.ts';

/** Default name of the database. */
const DATABASE = 'astro';
/**
 * Milliseconds after which a server counts as unreachable. Less than OPERATION_MS, so that the driver's own error is
 * returned.
 */
const SELECT_SERVER_MS = 3_000;
const OPERATION_MS = 5_000;
/** Milliseconds that `close` waits for pending operations. */
const CLOSE_MS = 5_000;
const CONNECTIONS = 20;
/**
 * Attempts to create an index. Of several processes that create it at the same time, servers may refuse all but one.
 */
const ENSURE_TRIES = 5;

export interface MongoFailure extends Described {
  readonly cause: unknown;
}

export interface MongoOptions {
  /** `mongodb://` or `mongodb+srv://`. Its path is the name of the database, `astro` by default. */
  readonly url: string;
  /** Name of the setting with the address, such as `ASTRO_VAULT`, at the start of error messages. */
  readonly setting: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Returns the port's own error for a failure. */
  readonly errorOf: (failure: MongoFailure) => Error;
}

/**
 * A connection to one database. It reconnects automatically; while the server is unreachable, operations fail after a
 * short time.
 */
export interface MongoStore {
  readonly connection: Connection;
  /**
   * Runs an operation of one or more steps, for which `close` waits.
   * @throws the error of `errorOf` if the connection is closed
   */
  track<T>(action: () => Promise<T>): Promise<T>;
  /**
   * Runs one request to the server, or a few.
   * @throws the error of `errorOf` if the server fails, or does not respond within 5 s; the request may still take
   * effect then
   */
  step<T>(action: () => Promise<T>): Promise<T>;
  /** Creates a collection and its declared indexes if they are missing. */
  ensure<T>(model: Model<T>): Promise<void>;
  /** Runs an operation of one step. */
  run<T>(action: () => Promise<T>): Promise<T>;
  /** Waits for pending operations, and refuses later ones. */
  close(): Promise<void>;
}

/**
 * Connects, and verifies that the database can be read.
 * @throws the error of `errorOf` for an invalid address, refused credentials, a failed TLS handshake, or an old server
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

  async function track<T>(action: () => Promise<T>): Promise<T> {
    if (isClosed) throw fail({ sentence: 'the connection is closed.', isDiskFull: false });
    const work = action();
    const settled = work.then(ignore, ignore).then(() => void underWay.delete(settled));
    underWay.add(settled);
    return work;
  }

  async function step<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await withTimeout(clock, OPERATION_MS, action(), (): never => {
        throw fail({
          sentence: `the MongoDB server at ${host} does not respond within ${OPERATION_MS / 1_000} s.`,
          isDiskFull: false,
        });
      });
    } catch (error) {
      throw failure(error);
    }
  }

  return {
    connection,
    track,
    step,
    run: (action) => track(() => step(action)),
    ensure: (model) => track(() => step(() => ensure(model))),
    async close() {
      if (isClosed) return;
      isClosed = true;
      await withTimeout(clock, CLOSE_MS, Promise.all(underWay), ignore);
      await connection.close(true);
    },
  };
}

const ignore = (): void => {};

/** Needs one request if nothing is missing, because processes call it whenever they acquire or follow a lease. */
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
      // One at a time: some servers fail if one of several indexes exists.
      for (const [key] of schema.indexes())
        if (!names.has(nameOf(key))) await collection.createIndex(key as Record<string, 1 | -1>);
      return;
    } catch (error) {
      if (tries === ENSURE_TRIES || !isRefusedByServer(error)) throw error;
    }
  }
}

/** Describes an address that the driver refuses before it connects, because of a name, an option, or a file in it. */
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
      // Overrides options of the address: acknowledged writes are durable, and reads return them.
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

/** Logs when the server becomes unreachable, and when it is reachable again. */
function watch(connection: Connection, log: Logger, server: Readonly<Record<string, string>>): void {
  connection.on('error', ignore); // failed operations report their own errors
  connection.on('disconnected', () => log.warn(server, 'a MongoDB server is not reachable'));
  connection.on('reconnected', () => log.info(server, 'a MongoDB server is reachable again'));
}

/**
 * Returns the parts of an address that may be shown. Its password may contain any character; several hosts are one
 * text.
 */
function partsOf(url: string): { readonly host: string; readonly database: string } {
  const [, scheme = 'mongodb', hosts = '', path = ''] =
    /^(mongodb(?:\+srv)?):\/\/(?:.*@)?([^/]*)(?:\/(.*))?$/.exec(url.split('?')[0] ?? '') ?? [];
  return { host: `${scheme}://${hosts}`, database: path === '' ? DATABASE : decodeURIComponent(path) };
}
