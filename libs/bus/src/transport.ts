import { err, ok, type DomainError, type Result } from '#kernel';
import type { CustomTransportStrategy } from '@nestjs/microservices';
import { busErrors } from './errors.ts';
import type { LocalCaller } from './local-caller.ts';

/** One message in JSON, headers included, on every transport; NATS refuses 1 MB, so all do a little earlier. */
export const MESSAGE_BYTES = 900 * 1024;

/**
 * A way for messages to travel. Every one encodes each message as JSON both ways, refuses more than MESSAGE_BYTES,
 * keeps the order of a stream, stops the producer when its reader leaves or dies, and says nobody-serves at once.
 */
export interface BusTransport {
  readonly name: 'in-process' | 'nats';
  /** Whether messages never leave this process: the caller then travels as an object, elsewhere as a signed text. */
  readonly isLocal: boolean;
  /**
   * Sends a message and hands each answer to `receive`, never before it returns; an answer with `err` or `isDisposed` is
   * the last. The returned function stops listening, and with it the producer of a stream.
   */
  exchange(subject: string, message: OutgoingMessage, receive: (answer: AnswerPacket) => void): () => void;
  /** A new strategy for `app.connectMicroservice({ strategy })`, one for each Nest application. */
  server(): CustomTransportStrategy;
  /** Resolves when the transport can send; rejects with one sentence when it never will. */
  connect(): Promise<void>;
  /** Whether messages can be sent now; for readiness. */
  connected(): boolean;
  /** Ends what this object opened. Servers are closed by their Nest applications. */
  close(): Promise<void>;
}

/** What the context of a message offers to the guard on every transport. */
export interface MessageContext {
  readonly caller: MessageCaller;
  /** The body as it came. */
  readonly json: string;
}

/** Who asks, as it came with a message: not believed yet. */
export type MessageCaller =
  /** Within one process: what the sender's bus put beside the body. */
  | { readonly kind: 'local'; readonly caller: unknown }
  /** From another process: the signed text in the header CALLER_HEADER. */
  | { readonly kind: 'signed'; readonly token: string | undefined };

/** What the Bus hands to a transport's client instead of bare data. */
export class OutgoingMessage {
  constructor(
    /** The body, as JSON. */
    readonly json: string,
    readonly headers: Readonly<Record<string, string>>,
    /** `one`: a single answer ends the exchange; `many`: a stream. */
    readonly answers: 'one' | 'many',
    readonly timeoutMs: number,
    /** Who asks, on a local transport. */
    readonly caller?: LocalCaller,
  ) {}
}

/** What goes back: Nest's packet without its id. */
export interface AnswerPacket {
  readonly response?: unknown;
  readonly err?: unknown;
  readonly isDisposed?: boolean;
}

/** Whether a body is so small that no headers of ours bring it over the limit: most need no counting. */
export const isSmall = (json: string): boolean => json.length * 3 < MESSAGE_BYTES / 2; // a character has at most three bytes

/** Refusal of a message whose body and headers are over the limit; undefined when they fit. */
export function sizeError(json: string, headers: Readonly<Record<string, string>> = {}): DomainError | undefined {
  if (isSmall(json)) return undefined;
  let bytes = Buffer.byteLength(json);
  for (const [name, value] of Object.entries(headers)) bytes += name.length + Buffer.byteLength(value) + 4;
  return bytes > MESSAGE_BYTES ? busErrors.messageTooLarge(bytes, MESSAGE_BYTES) : undefined;
}

/** A message's body; one that is not JSON is refused. */
export function decodeBody(json: string): Result<unknown, DomainError> {
  try {
    return ok(JSON.parse(json));
  } catch {
    return err(busErrors.invalidInput([{ pointer: '', message: 'is not JSON' }]));
  }
}

/** An answer as JSON; one that is over the limit becomes the refusal, so that the caller learns it at once. */
export function encodeAnswer(answer: AnswerPacket): string {
  const json = JSON.stringify(answer);
  const refusal = sizeError(json);
  return refusal ? JSON.stringify({ err: refusal, isDisposed: true }) : json;
}
