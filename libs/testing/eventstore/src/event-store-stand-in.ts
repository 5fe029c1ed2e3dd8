import { randomUUID } from 'node:crypto';
import serverFeatures from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import features from '@eventstore/db-client/generated/serverfeatures_pb.js';
import streamsService from '@eventstore/db-client/generated/streams_grpc_pb.js';
import type streams from '@eventstore/db-client/generated/streams_pb.js';
import {
  Metadata,
  Server,
  ServerCredentials,
  status,
  type ServerDuplexStream,
  type ServerWritableStream,
  type ServiceError,
} from '@grpc/grpc-js';
import {
  appendMessage,
  appendOf,
  caughtUpMessage,
  confirmationMessage,
  eventMessage,
  notFoundMessage,
  notReadyMessage,
} from './messages.ts';
import { openJournal } from './journal.ts';
import { eventsFor, indexBehind, readOf, type Read } from './reading.ts';
import { ServerLog } from './server-log.ts';
import { startTcpProxy, type TcpProxy } from '#testing';

/**
 * Fault of one append: the server is not ready; the connection is lost before or after it is written; its response is
 * late; it is written without a response; or there are no responses on its connection from then on.
 */
export type AppendFault =
  | 'not-ready'
  | 'lost-before'
  | 'lost-after'
  | 'silent'
  | 'mute'
  | { readonly slowMs: number; readonly isCommitFirst?: boolean };

/** Options of the server. */
export interface StandInOptions {
  /** Reported version. If empty, the server does not support the request for it. */
  readonly version?: string;
  /** Serves TLS with this certificate. */
  readonly tls?: { readonly key: string; readonly certificate: string };
  /** Passwords by name. If absent, no authentication is required. */
  readonly users?: Readonly<Record<string, string>>;
  /** Port of the server. Default: a free one. */
  readonly port?: number;
  /** File that keeps the log when the process is killed. If absent, the log is in memory. */
  readonly file?: string;
}

/** Server with the part of EventStoreDB's protocol that the platform uses, and configurable faults. */
export interface EventStoreStandIn {
  readonly port: number;
  readonly log: ServerLog;
  readonly network: TcpProxy;
  /** Streams of the appends that have arrived, including repeats. */
  readonly appends: () => readonly string[];
  /** Number of open subscriptions. */
  readonly subscriptions: () => number;
  /** A server that is not ready rejects appends and reads. */
  setReady(isReady: boolean): void;
  /** Sets the faults of the next appends, in order. */
  fail(...faults: readonly AppendFault[]): void;
  /** Sets whether subscriptions deliver events `once`, `twice`, or `nothing` while staying open. */
  deliver(what: 'once' | 'twice' | 'nothing'): void;
  /** Stops the server as a kill does, and starts it again on the same log. It is not ready for `notReadyMs`. */
  restart(notReadyMs: number): Promise<void>;
  /** Writes system events of the server between other events. */
  writeStatistics(count: number): void;
  close(): Promise<void>;
}

/** Starts the server on this machine. Its log contains system events, as on a real server. */
export async function startEventStoreStandIn(options: StandInOptions = {}): Promise<EventStoreStandIn> {
  const standIn = new StandIn(options);
  const server = new Server();
  server.addService(serverFeatures.ServerFeaturesService, { getSupportedMethods: standIn.supportedMethods });
  server.addService(streamsService.StreamsService, {
    read: standIn.read,
    batchAppend: standIn.batchAppend,
    append: unsupported,
    delete: unsupported,
    tombstone: unsupported,
  });
  const { tls } = options;
  const credentials = tls
    ? ServerCredentials.createSsl(null, [
        { private_key: Buffer.from(tls.key), cert_chain: Buffer.from(tls.certificate) },
      ])
    : ServerCredentials.createInsecure();
  const innerPort = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', credentials, (error, port) => (error ? reject(error) : resolve(port))),
  );
  const network = await startTcpProxy(innerPort, options.port);
  standIn.network = network;
  return {
    port: network.port,
    log: standIn.log,
    network,
    appends: () => standIn.appends,
    subscriptions: () => standIn.subscribers.size,
    setReady: (isReady) => void (standIn.isReady = isReady),
    fail: (...faults) => void standIn.faults.push(...faults),
    deliver: (what) => void (standIn.delivers = what),
    async restart(notReadyMs) {
      await network.shut();
      standIn.isReady = false;
      await network.open();
      setTimeout(() => (standIn.isReady = true), notReadyMs);
    },
    writeStatistics: (count) => standIn.writeStatistics(count),
    async close() {
      await network.shut();
      server.forceShutdown();
      standIn.close();
    },
  };
}

const unsupported = (_call: unknown, callback: (error: Partial<ServiceError>) => void): void =>
  callback({ code: status.UNIMPLEMENTED });

class StandIn {
  readonly log: ServerLog;
  readonly faults: AppendFault[] = [];
  readonly subscribers = new Set<() => void>();
  network: TcpProxy | undefined;
  isReady = true;
  delivers: 'once' | 'twice' | 'nothing' = 'once';
  readonly appends: string[] = [];
  readonly close: () => void;

  constructor(private readonly options: StandInOptions) {
    const journal = options.file === undefined ? undefined : openJournal(options.file);
    this.log = new ServerLog(journal?.past, journal?.keep);
    this.close = () => journal?.close();
    if (this.log.events.length === 0) this.writeStatistics(3);
  }

  writeStatistics(count: number): void {
    const text = (value: unknown) => new Uint8Array(Buffer.from(JSON.stringify(value)));
    for (let n = 0; n < count; n += 1) {
      const stream = '$stats-127.0.0.1:2113';
      const event = {
        id: randomUUID(),
        type: '$statsCollected',
        contentType: 'application/json',
        data: text({ 'proc-cpu': n }),
        metadata: text({}),
      };
      this.log.append(stream, [event], (this.log.stream(stream)?.length ?? 0) - 1);
    }
    for (const wake of [...this.subscribers]) wake();
  }

  supportedMethods = (
    _call: unknown,
    callback: (error: object | null, methods?: features.SupportedMethods) => void,
  ) => {
    const { version = '23.10.8' } = this.options;
    if (version === '') return callback({ code: status.UNIMPLEMENTED, details: 'unknown service' });
    const method = new features.SupportedMethod();
    method.setServiceName('event_store.client.streams.Streams');
    method.setMethodName('batchappend');
    const methods = new features.SupportedMethods();
    methods.setEventStoreServerVersion(version);
    methods.addMethods(method);
    callback(null, methods);
  };

  batchAppend = (call: ServerDuplexStream<streams.BatchAppendReq, streams.BatchAppendResp>): void => {
    const parts = new Map<string, streams.BatchAppendReq[]>();
    const state = { isMute: false };
    call.on('error', () => {}); // a connection that was cut
    call.on('end', () => call.end());
    call.on('data', (part: streams.BatchAppendReq) => {
      const id = part.getCorrelationId()?.getString() ?? '';
      const all = [...(parts.get(id) ?? []), part];
      parts.set(id, all);
      if (!part.getIsFinal()) return;
      parts.delete(id);
      void this.place(call, all, state);
    });
    const refusal = this.refusal(call.metadata);
    if (refusal) call.emit('error', refusal);
  };

  private async place(
    call: ServerDuplexStream<streams.BatchAppendReq, streams.BatchAppendResp>,
    parts: readonly streams.BatchAppendReq[],
    state: { isMute: boolean },
  ): Promise<void> {
    const append = appendOf(parts);
    this.appends.push(append.stream);
    if (!this.isReady) return void call.write(notReadyMessage(append));
    const fault = this.faults.shift();
    if (fault === 'not-ready') return void call.write(notReadyMessage(append));
    if (fault === 'lost-before') return this.network?.cut();
    const commit = () => {
      const placed = this.log.append(append.stream, append.events, append.expected);
      for (const wake of [...this.subscribers]) wake();
      return appendMessage(append, placed);
    };
    if (typeof fault === 'object') {
      const early = fault.isCommitFirst ? commit() : undefined;
      await new Promise((resolve) => setTimeout(resolve, fault.slowMs));
      if (call.cancelled || (!early && Date.now() > append.deadline)) return;
      return void call.write(early ?? commit());
    }
    const answer = commit();
    if (fault === 'lost-after') return this.network?.cut();
    if (fault === 'mute') state.isMute = true;
    if (fault !== 'silent' && !state.isMute) call.write(answer);
  }

  read = (call: ServerWritableStream<streams.ReadReq, streams.ReadResp>): void => {
    call.on('error', () => {}); // a connection that was cut
    const refusal = this.refusal(call.metadata);
    if (refusal) return void call.emit('error', refusal);
    if (!this.isReady) return void call.emit('error', { code: status.UNAVAILABLE, details: 'Server Is Not Ready' });
    const read = readOf(call.request);
    try {
      if (read.isSubscription) void this.serve(call, indexBehind(this.log, read.from));
      else this.answer(call, read);
    } catch (error) {
      call.emit('error', { code: status.UNKNOWN, details: String(error) });
    }
  };

  private answer(call: ServerWritableStream<streams.ReadReq, streams.ReadResp>, read: Read): void {
    const events = eventsFor(this.log, read);
    if (!events) call.write(notFoundMessage(read.stream ?? ''));
    for (const event of events ?? []) call.write(eventMessage(event));
    call.end();
  }

  /** Delivers events to one subscription until it is canceled. */
  private async serve(call: ServerWritableStream<streams.ReadReq, streams.ReadResp>, first: number): Promise<void> {
    let wake = (): void => {};
    const onWake = () => wake();
    const woken = () => new Promise<void>((resolve) => (wake = resolve));
    this.subscribers.add(onWake);
    for (const event of ['cancelled', 'close', 'drain']) call.on(event, onWake);
    const written = async (message: streams.ReadResp) => {
      if (call.write(message)) return;
      while (call.writableNeedDrain && !call.cancelled && !call.destroyed) await woken();
    };
    await written(confirmationMessage(randomUUID()));
    let isCaughtUp = false;
    for (let index = first; !call.cancelled && !call.destroyed;) {
      const event = this.delivers === 'nothing' ? undefined : this.log.events[index];
      if (event) {
        index += 1;
        await written(eventMessage(event));
        if (this.delivers === 'twice') await written(eventMessage(event));
        continue;
      }
      if (!isCaughtUp) await written(caughtUpMessage());
      isCaughtUp = true;
      if (this.delivers === 'nothing' || index >= this.log.events.length) await woken();
    }
    this.subscribers.delete(onWake);
  }

  /** Returns the error for a caller without access. */
  private refusal(metadata: Metadata): Partial<ServiceError> | undefined {
    const { users } = this.options;
    if (!users) return undefined;
    const [header] = metadata.get('authorization');
    if (header === undefined) {
      const reason = new Metadata();
      reason.set('exception', 'access-denied');
      return { code: status.PERMISSION_DENIED, details: 'Access Denied', metadata: reason };
    }
    const [name = '', password] = Buffer.from(String(header).replace(/^Basic /, ''), 'base64')
      .toString()
      .split(':');
    return users[name] !== undefined && users[name] === password
      ? undefined
      : { code: status.UNAUTHENTICATED, details: 'Unauthenticated' };
  }
}
