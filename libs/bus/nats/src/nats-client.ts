import { busErrors, DomainErrorException, type AnswerPacket, type OutgoingMessage } from '#bus';
import { receiverOf } from '#bus/contract';
import { controlSubject, streamSubject } from '#nats';
import { ClientNats } from '@nestjs/microservices';
import {
  headers as natsHeaders,
  PermissionViolationError,
  RequestError,
  TimeoutError,
  type Msg,
  type MsgHdrs,
  type NatsConnection,
} from '@nats-io/transport-node';
import { CALL_HEADER, requireVersion, TICKS_PER_LEASE, type NatsSettings } from './connection.ts';

type Receive = (response: AnswerPacket) => void;

/**
 * Nest's client, extended by cancellation and leases for streams, a shared inbox for requests, and an error for every
 * failure.
 */
export class NatsClient extends ClientNats {
  private wasConnected = false;
  /** Exchanges that end immediately when the connection is lost. */
  private readonly open = new Set<Receive>();

  constructor(private readonly settings: NatsSettings) {
    // Nest's type of the options is an older list of those of nats.js, which receives them unchanged.
    super(settings.connection as ConstructorParameters<typeof ClientNats>[0]);
    this.on('disconnect', () => this.failOpen());
    this.on('reconnect', () => (this.lost = false)); // a process that sends no requests must find out too
  }

  get isConnected(): boolean {
    const connection = this.connection;
    return connection !== null && !connection.isClosed() && !this.lost;
  }

  private lost = false;

  override async connect(): Promise<NatsConnection> {
    try {
      const connection = (await super.connect()) as NatsConnection;
      this.wasConnected = true;
      this.lost = false;
      return connection;
    } catch (error) {
      throw this.wasConnected ? new DomainErrorException(busErrors.disconnected()) : error;
    }
  }

  override async createClient(): Promise<NatsConnection> {
    return requireVersion((await super.createClient()) as unknown as NatsConnection);
  }

  override async close(): Promise<void> {
    this.failOpen();
    this.lost = true;
    await super.close();
  }

  /** Waits until the first connection is established. Fails immediately while a connection is lost. */
  exchange(subject: string, message: OutgoingMessage, receive: Receive): () => void {
    const { connection } = this;
    if (connection && this.isConnected) return this.start(connection, subject, message, receive);
    let stop = (): void => {};
    let left = false;
    this.connect().then(
      (made) => {
        if (!left) stop = this.start(made, subject, message, receive);
      },
      (error: unknown) => {
        if (!left)
          receive({
            err: error instanceof DomainErrorException ? error.error : busErrors.disconnected(),
            isDisposed: true,
          });
      },
    );
    return () => {
      left = true;
      stop();
    };
  }

  private start(connection: NatsConnection, subject: string, message: OutgoingMessage, receive: Receive): () => void {
    const settle: Receive = (response) => {
      if (response.err !== undefined || response.isDisposed) this.open.delete(settle);
      receive(response);
    };
    this.open.add(settle);
    const stop =
      message.responses === 'one'
        ? this.sendRequest(connection, subject, message, settle)
        : this.listen(connection, subject, message, settle);
    return () => {
      this.open.delete(settle);
      stop();
    };
  }

  /** Sends a request with one reply, over the connection's shared inbox. */
  private sendRequest(
    connection: NatsConnection,
    subject: string,
    message: OutgoingMessage,
    callback: Receive,
  ): () => void {
    // The Bus enforces the timeout. This one only removes the entry in nats.js, long afterwards.
    connection.request(subject, message.json, { headers: headersOf(message), timeout: message.timeoutMs + 1_000 }).then(
      (response) => callback(packetOf(response)),
      (error: unknown) => callback({ err: refusalOf(error, subject, message.timeoutMs), isDisposed: true }),
    );
    return () => {};
  }

  /** Receives many replies over a separate inbox. Renews the lease until the reader leaves. */
  private listen(connection: NatsConnection, subject: string, message: OutgoingMessage, callback: Receive): () => void {
    const { clock, ids, leaseMs } = this.settings;
    const call = ids.uuid();
    const receiver = receiverOf(subject);
    const inbox = streamSubject(receiver, this.settings.service, call);
    let silentTicks = 0;
    let over = false;
    const end = (response: AnswerPacket): void => {
      if (over) return;
      over = true;
      timer.cancel();
      subscription.unsubscribe();
      callback(response);
    };
    const subscription = connection.subscribe(inbox, {
      callback: (error, response) => {
        if (over) return;
        if (error) return end({ err: busErrors.disconnected(), isDisposed: true });
        silentTicks = 0;
        if (isNoResponders(response)) return end({ err: busErrors.nobodyServes(subject), isDisposed: true });
        const packet = packetOf(response);
        if (packet.err || packet.isDisposed) return end(packet);
        if (packet.response !== undefined) callback(packet); // an empty packet is the server's heartbeat
      },
    });
    const renew = (): void => {
      if (over) return;
      silentTicks += 1;
      if (silentTicks >= TICKS_PER_LEASE) return end({ err: busErrors.lost(), isDisposed: true });
      publishQuietly(connection, controlSubject(receiver, 'alive', call));
      timer = clock.timer(leaseMs / TICKS_PER_LEASE, renew);
    };
    let timer = clock.timer(leaseMs / TICKS_PER_LEASE, renew);
    const headers = headersOf(message);
    headers.set(CALL_HEADER, call);
    connection.publish(subject, message.json, { reply: inbox, headers });
    return () => {
      if (over) return;
      over = true;
      timer.cancel();
      subscription.unsubscribe();
      publishQuietly(connection, controlSubject(receiver, 'cancel', call));
    };
  }

  private failOpen(): void {
    this.lost = true;
    for (const callback of [...this.open]) callback({ err: busErrors.disconnected(), isDisposed: true });
    this.open.clear();
  }

  private get connection(): NatsConnection | null {
    return this.natsClient as NatsConnection | null;
  }
}

function headersOf(message: OutgoingMessage): MsgHdrs {
  const headers = natsHeaders();
  for (const [name, value] of Object.entries(message.headers)) headers.set(name, value);
  return headers;
}

const packetOf = (response: Msg): AnswerPacket => JSON.parse(response.string()) as AnswerPacket;

const isNoResponders = (response: Msg): boolean => response.data.length === 0 && response.headers?.code === 503;

/** Sends a control message. If it cannot be sent, the lease expires instead. */
function publishQuietly(connection: NatsConnection, subject: string): void {
  if (!connection.isClosed()) connection.publish(subject);
}

function refusalOf(error: unknown, subject: string, timeoutMs: number) {
  if (error instanceof RequestError && error.isNoResponders()) return busErrors.nobodyServes(subject);
  if (isDenied(error)) return busErrors.subjectDenied(subject);
  if (error instanceof TimeoutError) return busErrors.timeout(subject, timeoutMs);
  return busErrors.disconnected();
}

/** Returns whether the NATS server denied the message. The error of a request has this as its cause. */
const isDenied = (error: unknown): boolean =>
  error instanceof PermissionViolationError ||
  (error instanceof RequestError && error.cause instanceof PermissionViolationError);
