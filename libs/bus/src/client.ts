import { actorOf, type Principal } from '#access';
import {
  refuse,
  StreamEndedError,
  type Bus,
  type CallerInputOf,
  type Contract,
  type OutputOf,
  type Reply,
  type RequestContext,
  type RequestContract,
  type StreamContract,
} from '#bus/contract';
import type { Clock, DomainError, Ids, Logger } from '#kernel';
import { CallerKeyring, type CallerKeys } from './caller-keys.ts';
import { CALLER_HEADER, signCaller, signingKeyName, unsignedCaller } from './caller-token.ts';
import { isWithoutDigest, withDigest } from './command-id.ts';
import { busErrors, isCallerFault, isDomainError, DomainErrorException } from './errors.ts';
import { parseInput } from './input.ts';
import { issueCaller } from './local-caller.ts';
import { described } from './serves.ts';
import { isSmall, OutgoingMessage, sizeError, type BusTransport } from './transport.ts';

/** Items of a stream that may wait for a slow reader. Beyond this number, the stream is ended. */
const WAITING_ITEMS = 20_000;
/** Default timeout of `own`, in milliseconds. */
const OWN_TIMEOUT_MS = 10_000;

/** Observes the results of requests. Must not throw or wait. */
export interface BusObserver {
  /**
   * Called after a request.
   *
   * @param code of the error; undefined for a success
   */
  requestEnded(subject: string, milliseconds: number, code: string | undefined): void;
  streamFailed(subject: string, code: string): void;
}

export interface BusOptions {
  readonly transport: BusTransport;
  /** Name for `own`: a context (`deployments`), `gateway`, `deploy-worker`. Contracts list it in `callers`. */
  readonly service: string;
  readonly keys: CallerKeys;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  /** True only for the gateway, which signs contexts of people. */
  readonly actsForPersons?: boolean;
  readonly observer?: BusObserver;
}

/** Creates the client of the bus for one service. Services of one process share a transport. */
export function createBus(options: BusOptions): Bus {
  return new TransportBus(options);
}

class TransportBus implements Bus {
  private readonly keyring: CallerKeyring;

  constructor(private readonly options: BusOptions) {
    this.keyring = new CallerKeyring(options.keys);
  }

  request<C extends RequestContract>(
    contract: C,
    input: CallerInputOf<C>,
    context: RequestContext,
  ): Promise<Reply<OutputOf<C>>> {
    const prepared = this.prepare(contract, input, context, 'one');
    if (!(prepared instanceof OutgoingMessage)) return Promise.resolve(refuse(prepared));
    const { transport, clock, observer } = this.options;
    const started = clock.monotonic();
    return new Promise((resolve) => {
      const settle = (response: Reply<OutputOf<C>>): void => {
        observer?.requestEnded(
          contract.subject,
          clock.monotonic() - started,
          response.ok ? undefined : response.error.code,
        );
        timer.cancel();
        stop();
        resolve(response);
      };
      const timer = clock.timer(prepared.timeoutMs, () =>
        settle(refuse(busErrors.timeout(contract.subject, prepared.timeoutMs))),
      );
      const stop = transport.exchange(contract.subject, prepared, ({ err, response }) => {
        if (err === undefined && isReply<OutputOf<C>>(response))
          settle(this.checkCallerFault(response, contract.subject));
        else settle(refuse(this.refusalOf(err ?? new Error('the response was empty'), contract.subject)));
      });
    });
  }

  async *stream<C extends StreamContract>(
    contract: C,
    input: CallerInputOf<C>,
    context: RequestContext,
    signal?: AbortSignal,
  ): AsyncIterable<OutputOf<C>> {
    const prepared = this.prepare(contract, input, context, 'many');
    if (!(prepared instanceof OutgoingMessage)) throw new StreamEndedError(prepared);
    const waiting: OutputOf<C>[] = [];
    let end: { readonly error?: DomainError } | undefined;
    let wake = (): void => {};
    const finish = (how: { readonly error?: DomainError }): void => {
      end ??= how;
      wake();
    };
    if (signal?.aborted) return;
    const aborted = (): void => {
      waiting.length = 0;
      finish({});
    };
    signal?.addEventListener('abort', aborted, { once: true });
    const stop = this.options.transport.exchange(contract.subject, prepared, ({ err, response, isDisposed }) => {
      if (err !== undefined) return finish({ error: this.refusalOf(err, contract.subject) });
      if (response !== undefined && waiting.push(response as OutputOf<C>) > WAITING_ITEMS) {
        stop();
        return finish({ error: busErrors.readerTooSlow() });
      }
      if (isDisposed) return finish({});
      wake();
    });
    try {
      for (;;) {
        // Takes all items at once, because removing them one by one from a long array takes quadratic time.
        for (const item of waiting.splice(0)) {
          if (signal?.aborted) return;
          yield item;
        }
        if (waiting.length > 0) continue;
        if (end?.error) {
          this.options.observer?.streamFailed(contract.subject, end.error.code);
          throw new StreamEndedError(end.error);
        }
        if (end) return;
        await new Promise<void>((resolve) => (wake = resolve));
        wake = () => {};
      }
    } finally {
      signal?.removeEventListener('abort', aborted);
      stop();
    }
  }

  own(cause: Parameters<Bus['own']>[0]): RequestContext {
    const { service, clock, ids } = this.options;
    const principal: Principal = { kind: 'service', service };
    return {
      principal,
      actor: actorOf(principal, false),
      commandId: cause.commandId ?? `${hex(ids.uuid())}.${hex(ids.uuid())}`,
      correlationId: cause.correlationId ?? ids.uuid(),
      deadlineMs: clock.now() + (cause.timeoutMs ?? OWN_TIMEOUT_MS),
      ...(cause.causationId !== undefined && { causationId: cause.causationId }),
      ...(cause.organizationId !== undefined && { organizationId: cause.organizationId }),
      ...(cause.dryRun && { dryRun: true }),
    };
  }

  private prepare(
    contract: RequestContract | StreamContract,
    input: unknown,
    context: RequestContext,
    responses: 'one' | 'many',
  ): OutgoingMessage | DomainError {
    const { transport, clock, actsForPersons, service } = this.options;
    const { principal } = context;
    if (principal.kind === 'service' ? principal.service !== service : !actsForPersons) {
      throw new Error(
        `${service} may not ask ${contract.subject} in the name of another (${principal.kind}); use bus.own(context)`,
      );
    }
    const now = clock.now();
    const timeoutMs = Math.min(contract.timeoutMs, context.deadlineMs - now);
    if (timeoutMs <= 0) return busErrors.timeout(contract.subject, 0);
    const json = JSON.stringify(input) ?? 'null';
    const bounded = { ...context, deadlineMs: now + timeoutMs };
    if (transport.isLocal && isSmall(json))
      return new OutgoingMessage(json, {}, responses, timeoutMs, issueCaller(contract.subject, json, bounded, now));
    return this.signed(contract, input, json, bounded, { responses, timeoutMs, now });
  }

  /**
   * Returns a message. Its size is that of a message for another process on every transport, so that all have equal
   * limits; within one process, nothing is signed.
   */
  private signed(
    contract: Contract,
    input: unknown,
    json: string,
    context: RequestContext,
    {
      responses,
      timeoutMs,
      now,
    }: { readonly responses: 'one' | 'many'; readonly timeoutMs: number; readonly now: number },
  ): OutgoingMessage | DomainError {
    const { subject } = contract;
    let complete = context;
    if (isWithoutDigest(context.commandId)) {
      const parsed = parseInput(contract.input, input, json);
      if (!parsed.ok) return parsed.error;
      complete = { ...context, commandId: withDigest(context.commandId, contract, parsed.value) };
    }
    const keyName = signingKeyName(subject, complete);
    if (!this.keyring.key(this.keyring.newestId, keyName)) {
      this.options.logger.error({ subject, key: keyName }, 'this process does not have the caller key for a receiver');
      return busErrors.callerRefused();
    }
    if (this.options.transport.isLocal) {
      const tooLarge = isSmall(json)
        ? undefined
        : sizeError(json, { [CALLER_HEADER]: unsignedCaller(this.keyring, subject, complete, now) });
      return tooLarge ?? new OutgoingMessage(json, {}, responses, timeoutMs, issueCaller(subject, json, complete, now));
    }
    const headers = { [CALLER_HEADER]: signCaller(this.keyring, subject, json, complete, now) };
    return sizeError(json, headers) ?? new OutgoingMessage(json, headers, responses, timeoutMs);
  }

  /**
   * Replaces the error of a receiver that rejects this process: it is a fault of the platform, never of the original
   * caller.
   */
  private checkCallerFault<T>(response: Reply<T>, subject: string): Reply<T> {
    return response.ok || !isCallerFault(response.error) ? response : refuse(this.callerFault(response.error, subject));
  }

  private callerFault({ code }: DomainError, subject: string): DomainError {
    this.options.logger.warn({ subject, code }, 'a receiver rejected the caller token of this process');
    return busErrors.callerRefused();
  }

  private refusalOf(error: unknown, subject: string): DomainError {
    const known = error instanceof DomainErrorException ? error.error : error;
    if (isDomainError(known)) return isCallerFault(known) ? this.callerFault(known, subject) : known;
    this.options.logger.error({ subject, err: described(error) }, 'the bus failed');
    return busErrors.internal();
  }
}

/** Returns whether a handler returned a Reply; anything else is a defect of the handler. */
const isReply = <T>(response: unknown): response is Reply<T> =>
  typeof response === 'object' && response !== null && 'ok' in response;

const hex = (uuid: string): string => uuid.replaceAll('-', '');
