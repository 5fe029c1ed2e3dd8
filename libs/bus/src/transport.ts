import { err, ok, type DomainError, type Result } from '#kernel';
import type { CustomTransportStrategy } from '@nestjs/microservices';
import { busErrors } from './errors.ts';
import type { LocalCaller } from './local-caller.ts';

/** Maximum size of a message in JSON, including headers, on every transport. NATS rejects messages of 1 MB. */
export const MESSAGE_BYTES = 900 * 1024;

/**
 * Transports messages. Every transport encodes each message as JSON in both directions, rejects more than
 * MESSAGE_BYTES, keeps the order of a stream, stops the producer when its reader leaves or is killed, and fails
 * immediately if no process serves a subject.
 */
export interface BusTransport {
  readonly name: 'in-process' | 'nats';
  /** Whether messages never leave this process. The caller is then an object, otherwise a signed text. */
  readonly isLocal: boolean;
  /**
   * Sends a message, and calls `receive` for each packet, never before it returns. A packet with `err` or `isDisposed`
   * is the last one. The returned function stops listening, and stops the producer of a stream.
   */
  exchange(subject: string, message: OutgoingMessage, receive: (response: ReplyPacket) => void): () => void;
  /** Returns a new strategy for `app.connectMicroservice({ strategy })`, one for each Nest application. */
  server(): CustomTransportStrategy;
  /** Resolves when the transport can send. Rejects with one sentence on a permanent failure. */
  connect(): Promise<void>;
  /** Returns whether messages can be sent now, for readiness. */
  connected(): boolean;
  /** Closes everything that this object opened. Servers are closed by their Nest applications. */
  close(): Promise<void>;
}

/** The context of a message, which the guard reads on every transport. */
export interface MessageContext {
  readonly caller: MessageCaller;
  /** The body as received. */
  readonly json: string;
}

/** The unverified caller of a message. */
export type MessageCaller =
  /** Within one process: the object that the sender's bus added to the message. */
  | { readonly kind: 'local'; readonly caller: unknown }
  /** From another process: the signed text in the header CALLER_HEADER. */
  | { readonly kind: 'signed'; readonly token: string | undefined };

/** A message from the Bus to a transport's client. */
export class OutgoingMessage {
  constructor(
    /** The body as JSON. */
    readonly json: string,
    readonly headers: Readonly<Record<string, string>>,
    /** `one`: a single reply ends the exchange. `many`: a stream. */
    readonly responses: 'one' | 'many',
    readonly timeoutMs: number,
    /** The caller, on a local transport. */
    readonly caller?: LocalCaller,
  ) {}
}

/** A reply: Nest's packet without its ID. */
export interface ReplyPacket {
  readonly response?: unknown;
  readonly err?: unknown;
  readonly isDisposed?: boolean;
}

/** Returns whether a body is so small that it need not be counted: our headers cannot bring it over the limit. */
export const isSmall = (json: string): boolean => json.length * 3 < MESSAGE_BYTES / 2; // a character has at most three bytes

/** Returns the error for a message whose body and headers exceed the limit; otherwise undefined. */
export function sizeError(json: string, headers: Readonly<Record<string, string>> = {}): DomainError | undefined {
  if (isSmall(json)) return undefined;
  let bytes = Buffer.byteLength(json);
  for (const [name, value] of Object.entries(headers)) bytes += name.length + Buffer.byteLength(value) + 4;
  return bytes > MESSAGE_BYTES ? busErrors.messageTooLarge(bytes, MESSAGE_BYTES) : undefined;
}

/** Decodes a message's body. A body that is not JSON is an error. */
export function decodeBody(json: string): Result<unknown, DomainError> {
  try {
    return ok(JSON.parse(json));
  } catch {
    return err(busErrors.invalidInput([{ pointer: '', message: 'is not JSON' }]));
  }
}

/**
 * Encodes a packet as JSON. One over the limit is replaced by an error, so that the caller receives a response
 * immediately.
 */
export function encodeReply(response: ReplyPacket): string {
  const json = JSON.stringify(response);
  const refusal = sizeError(json);
  return refusal ? JSON.stringify({ err: refusal, isDisposed: true }) : json;
}
