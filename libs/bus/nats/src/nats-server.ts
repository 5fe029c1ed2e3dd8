import {
  busErrors,
  CALLER_HEADER,
  decodeBody,
  encodeAnswer,
  singleAnswer,
  type AnswerPacket,
  type MessageCaller,
  type MessageContext,
} from '#bus';
import type { Contract } from '#bus/contract';
import { withTimeout, type Timer } from '#kernel';
import { controlSubjects, isReplySubject, NatsSetupError } from '#nats';
import { NatsContext, ServerNats } from '@nestjs/microservices';
import type { Msg, NatsConnection, Subscription as NatsSubscription } from '@nats-io/transport-node';
import type { Observable, Subscription } from 'rxjs';
import { CALL_HEADER, requireVersion, type NatsSettings, TICKS_PER_LEASE } from './connection.ts';

/** Queue group of all replicas: each message is delivered to one of them. */
const QUEUE = 'astro';
const DRAIN_POLL_MS = 10;

type Respond = (response: AnswerPacket) => void;

class MessageNatsContext extends NatsContext implements MessageContext {
  constructor(
    message: Msg,
    readonly json: string,
  ) {
    super([message.subject, message.headers]);
  }

  get caller(): MessageCaller {
    return { kind: 'signed', token: this.getHeaders()?.get(CALLER_HEADER) as string | undefined };
  }
}

/** A stream in progress. */
interface LiveStream {
  /** Heartbeats of this server since the last one of the reader. */
  silentTicks: number;
  subscription?: Subscription;
  cancelled: boolean;
  readonly respond: Respond;
}

const ignore = (): void => {};

/** Nest's server, extended by cancellation and leases for streams, a reply to every message, and a graceful close. */
export class NatsServer extends ServerNats {
  private readonly streams = new Map<string, LiveStream>();
  private readonly subscribed: NatsSubscription[] = [];
  private pending = 0;
  private heartbeatTimer?: Timer;
  private connection?: NatsConnection;
  /** Subjects that the NATS server does not permit this user to serve. */
  private readonly denied: string[] = [];

  constructor(private readonly settings: NatsSettings) {
    // Nest's type of the options is an older list of those of nats.js, which receives them unchanged.
    super(settings.connection as ConstructorParameters<typeof ServerNats>[0]);
  }

  override async createNatsClient(): Promise<NatsConnection> {
    this.connection = await requireVersion((await super.createNatsClient()) as NatsConnection);
    return this.connection;
  }

  /** Calls `started` when the server has processed the subscriptions, so that requests can be delivered. */
  override start(started: (error?: unknown) => void): void {
    const { connection } = this;
    if (!connection) return started(new Error('the NATS connection is missing'));
    this.bindEvents(connection);
    // Errors of the subscriptions arrive before the reply to the flush.
    connection.flush().then(async () => {
      const denied = this.deniedError();
      if (denied) await this.close();
      started(denied);
    }, started);
  }

  override bindEvents(connection: NatsConnection): void {
    for (const channel of this.messageHandlers.keys()) {
      const callback = (error: Error | null, message: Msg): void => {
        if (error) {
          this.denied.push(channel);
          return this.logger.error(error);
        }
        this.accept(channel, message);
      };
      this.subscribed.push(connection.subscribe(channel, { queue: QUEUE, callback }));
    }
    for (const pattern of controlSubjects(this.served())) {
      const callback = (error: Error | null, message: Msg): void => {
        if (error) {
          this.denied.push(pattern);
          return this.logger.error(error);
        }
        this.control(message.subject);
      };
      this.subscribed.push(connection.subscribe(pattern, { callback }));
    }
    this.heartbeat();
  }

  /** Returns the subjects of the handlers, with the kind that `@Serves` gave them. */
  private served(): Pick<Contract, 'kind' | 'subject'>[] {
    return [...this.messageHandlers].map(([subject, { extras }]) => ({
      subject,
      kind: extras?.['kind'] === 'stream' ? 'stream' : 'request',
    }));
  }

  private deniedError(): Error | undefined {
    const [first] = this.denied;
    if (first === undefined) return undefined;
    const more = this.denied.length > 1 ? ` and ${this.denied.length - 1} more` : '';
    const subjects = `${first}${more}`;
    return new NatsSetupError(
      'credentials',
      `the NATS server does not permit the user of this process to serve ${subjects}; update its users: npm run admin:nats.`,
    );
  }

  /** Accepts no further messages, answers those that are here or on their way, ends streams, then disconnects. */
  override async close(): Promise<void> {
    const { clock, drainMs } = this.settings;
    const deadline = clock.monotonic() + drainMs;
    this.heartbeatTimer?.cancel();
    // Not `unsubscribe`, which drops what the server has already sent: its callers would wait until their time is over.
    const drained = Promise.allSettled(this.subscribed.splice(0).map((subscription) => subscription.drain()));
    await withTimeout(clock, drainMs, drained, ignore); // without a connection nothing settles
    for (const stream of [...this.streams.values()]) this.end(stream, busErrors.shuttingDown());
    while (this.pending > 0 && clock.monotonic() < deadline)
      await new Promise<void>((resolve) => clock.timer(DRAIN_POLL_MS, resolve));
    if (this.connection && !this.connection.isClosed())
      await withTimeout(
        clock,
        drainMs,
        this.connection.flush().catch((error: unknown) => this.logger.error(error)),
        ignore,
      );
    await super.close();
  }

  private accept(channel: string, message: Msg): void {
    // Others would let a sender publish where its own user is not permitted to, since nats-server permits replies to anything.
    if (message.reply && !isReplySubject(message.reply)) return;
    const respond: Respond = (response) => {
      if (message.reply) message.respond(encodeAnswer(response));
    };
    const json = message.string();
    const body = decodeBody(json);
    if (!body.ok) return respond({ err: body.error, isDisposed: true });
    this.serve(channel, new MessageNatsContext(message, json), body.value, respond).catch((error: unknown) => {
      this.logger.error(error);
      respond({ err: busErrors.internal(), isDisposed: true });
    });
  }

  private async serve(channel: string, context: MessageNatsContext, data: unknown, respond: Respond): Promise<void> {
    const handler = this.messageHandlers.get(channel); // getHandlerByPattern tries each subject as JSON first
    if (!handler) return respond({ err: busErrors.nobodyServes(channel), isDisposed: true });
    const call = context.getHeaders()?.get(CALL_HEADER) as string | undefined;
    const stream: LiveStream | undefined = call ? { silentTicks: 0, cancelled: false, respond } : undefined;
    if (call && stream) this.streams.set(call, stream);
    const over = (): void => {
      if (call) this.streams.delete(call);
      else this.pending--;
    };
    if (!call) this.pending++;
    try {
      await this.runProcessing(context, async (ended) => {
        if (!call) {
          const response = await singleAnswer(handler(data, context), context);
          over();
          respond(response);
          return ended();
        }
        const outcome: Observable<unknown> = this.transformToObservable(await handler(data, context));
        if (stream?.cancelled) {
          // Subscribe and unsubscribe, so that a producer that was just created is ended.
          outcome.subscribe().unsubscribe();
          over();
          return ended();
        }
        // Items that were deferred to a later tick are not sent after the stream was cancelled.
        const subscription = this.send(outcome, (response) => {
          if (!stream?.cancelled) respond(response);
        });
        subscription.add(ended);
        if (!stream) return;
        stream.subscription = subscription;
        subscription.add(over);
      });
    } catch (error) {
      over();
      throw error;
    }
  }

  /** Nest declares that the hooks return void, although they return the promise of the work. */
  private async runProcessing(context: NatsContext, work: (ended: () => void) => Promise<void>): Promise<void> {
    await (this.runWithProcessingHooks(context, work) as unknown as Promise<void>);
  }

  private control(subject: string): void {
    const [, , verb, call = ''] = subject.split('.');
    const stream = this.streams.get(call);
    if (!stream) return;
    if (verb === 'alive') stream.silentTicks = 0;
    else this.end(stream);
  }

  /** Ends streams whose lease has expired, and sends a heartbeat to the other readers. */
  private heartbeat(): void {
    const { clock, leaseMs } = this.settings;
    for (const stream of [...this.streams.values()]) {
      if (stream.silentTicks >= TICKS_PER_LEASE) this.end(stream);
      else stream.respond({});
      stream.silentTicks += 1;
    }
    this.heartbeatTimer = clock.timer(leaseMs / TICKS_PER_LEASE, () => this.heartbeat());
  }

  private end(stream: LiveStream, reason?: AnswerPacket['err']): void {
    if (reason) stream.respond({ err: reason, isDisposed: true });
    stream.cancelled = true;
    stream.subscription?.unsubscribe();
  }
}
