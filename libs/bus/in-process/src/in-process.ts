import {
  busErrors,
  decodeBody,
  encodeAnswer,
  singleAnswer,
  type AnswerPacket,
  type BusTransport,
  type MessageCaller,
  type MessageContext,
  type OutgoingMessage,
} from '#bus';
import { BaseRpcContext, Server, type CustomTransportStrategy } from '@nestjs/microservices';
import type { Subscription } from 'rxjs';

type Sink = (json: string) => void;

/** Creates the bus of one process. Encodes every message as if it were sent to another process. */
export function inProcessTransport(): BusTransport {
  const exchange = new Exchange();
  return {
    name: 'in-process',
    isLocal: true,
    exchange: (subject, message, receive) => exchange.send(subject, message, receive),
    server: () => new InProcessServer(exchange),
    connect: () => Promise.resolve(),
    connected: () => true,
    close: () => Promise.resolve(),
  };
}

/** Finds the server of a subject. */
class Exchange {
  private readonly servers = new Set<InProcessServer>();

  attach(server: InProcessServer): void {
    this.servers.add(server);
  }
  detach(server: InProcessServer): void {
    this.servers.delete(server);
  }

  send(subject: string, message: OutgoingMessage, receive: (respond: AnswerPacket) => void): () => void {
    for (const server of this.servers) {
      if (server.serves(subject))
        return server.accept(subject, message, (json) => receive(JSON.parse(json) as AnswerPacket));
    }
    const respond = setImmediate(() => receive({ err: busErrors.nobodyServes(subject), isDisposed: true }));
    return () => clearImmediate(respond);
  }
}

/** Context of a message, without its headers, which are not trusted within a process. */
class InProcessContext extends BaseRpcContext<[string]> implements MessageContext {
  readonly caller: MessageCaller;
  readonly json: string;

  constructor(subject: string, { json, caller }: OutgoingMessage) {
    super([subject]);
    this.json = json;
    this.caller = { kind: 'local', caller };
  }
}

class InProcessServer extends Server implements CustomTransportStrategy {
  override readonly transportId = Symbol.for('astro.bus.in-process');
  private readonly live = new Map<Subscription, () => void>();

  constructor(private readonly exchange: Exchange) {
    super();
  }

  listen(started: () => void): void {
    this.exchange.attach(this);
    started();
  }

  /** Accepts no further requests. Streams end, and requests in progress are completed. */
  close(): void {
    this.exchange.detach(this);
    for (const end of [...this.live.values()]) end();
  }

  on(): void {}

  unwrap<T>(): T {
    throw new Error('the in-process bus has nothing to unwrap');
  }

  serves(subject: string): boolean {
    return this.messageHandlers.has(subject);
  }

  /** Delivers a message in a later turn. The returned function stops the producer. */
  accept(subject: string, message: OutgoingMessage, sink: Sink): () => void {
    let cancelled = false;
    let subscription: Subscription | undefined;
    const respond = (packet: AnswerPacket): void => {
      if (!cancelled) sink(encodeAnswer(packet));
    };
    const serve = async (): Promise<void> => {
      const handler = this.messageHandlers.get(subject); // getHandlerByPattern tries each subject as JSON first
      if (!handler) return respond({ err: busErrors.nobodyServes(subject), isDisposed: true });
      const body = decodeBody(message.json);
      if (!body.ok) return respond({ err: body.error, isDisposed: true });
      const context = new InProcessContext(subject, message);
      await this.runProcessing(context, async (ended) => {
        if (message.responses === 'one') {
          respond(await singleAnswer(handler(body.value, context), context));
          return ended();
        }
        const outcome = this.transformToObservable(await handler(body.value, context));
        if (cancelled) {
          // Subscribe and unsubscribe, so that a producer that was just created is ended.
          outcome.subscribe().unsubscribe();
          return ended();
        }
        const sent = this.send(outcome, respond);
        subscription = sent;
        sent.add(ended);
        if (!sent.closed) {
          this.live.set(sent, () => {
            respond({ err: busErrors.shuttingDown(), isDisposed: true });
            cancelled = true;
            sent.unsubscribe();
          });
          sent.add(() => this.live.delete(sent));
        }
      });
    };
    setImmediate(() => {
      if (cancelled) return;
      serve().catch((error: unknown) => {
        this.logger.error(error);
        respond({ err: busErrors.internal(), isDisposed: true });
      });
    });
    return () => {
      cancelled = true;
      subscription?.unsubscribe();
    };
  }

  /** Nest declares that the hooks return void, although they return the promise of the work. */
  private async runProcessing(context: InProcessContext, work: (ended: () => void) => Promise<void>): Promise<void> {
    await (this.runWithProcessingHooks(context, work) as unknown as Promise<void>);
  }
}
