import {
  refuse,
  type Contract,
  type ContextOf,
  type InputOf,
  type OutputOf,
  type ReplyTo,
  type RequestContext,
  type RequestContract,
  type StreamContract,
} from '#bus/contract';
import {
  applyDecorators,
  Catch,
  createParamDecorator,
  Inject,
  Injectable,
  SetMetadata,
  UseFilters,
  UseGuards,
  UseInterceptors,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { UnavailableError, type DomainError } from '#kernel';
import { MessagePattern } from '@nestjs/microservices';
import { firstValueFrom, isObservable, of, tap, throwError, type Observable } from 'rxjs';
import { busErrors, DomainErrorException } from './errors.ts';
import { RequestGuard } from './request-guard.ts';
import { observe } from './observe.ts';
import { checkOutput } from './output.ts';
import type { ReplyPacket, MessageContext } from './transport.ts';
import { whileAuthorized } from './while-authorized.ts';

/** Metadata key of a handler's contract. */
export const CONTRACT = 'astro:contract';

/** Injection token of the guard of served requests. */
export const REQUEST_GUARD = Symbol('request guard');

/** Result of the guard for a message, stored by the message's context for parameters and filter. */
interface Call {
  readonly contract: Contract;
  readonly guard: RequestGuard;
  input?: unknown;
  context?: RequestContext;
  abort?: AbortController;
}

const calls = new WeakMap<object, Call>();
const controllers = new WeakMap<AbortSignal, AbortController>();

/** Checks caller, deadline, input, and permission before the handler runs. */
@Injectable()
class CallerGuard implements CanActivate {
  constructor(@Inject(REQUEST_GUARD) private readonly guard: RequestGuard) {}

  async canActivate(execution: ExecutionContext): Promise<boolean> {
    const contract = Reflect.getMetadata(CONTRACT, execution.getHandler()) as Contract | undefined;
    if (!contract) throw new Error(`${execution.getClass().name}.${execution.getHandler().name} has no contract`);
    const message = execution.switchToRpc();
    const context = message.getContext<MessageContext>();
    const call: Call = { contract, guard: this.guard };
    calls.set(context, call);
    const authorized = await this.guard.authorize(contract, context, message.getData());
    if (!authorized.ok) throw new DomainErrorException(authorized.error);
    Object.assign(call, authorized.value);
    return true;
  }
}

/** Ends a stream when the permission with which it was opened ends. */
@Injectable()
class AccessRecheckInterceptor implements NestInterceptor {
  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { contract, guard, context } = callOf(execution);
    return context
      ? whileAuthorized(next.handle(), { clock: guard.options.clock, recheck: () => guard.recheck(contract, context) })
      : next.handle();
  }
}

/** Treats an item of a stream that does not match its contract as a defect of the handler. */
@Injectable()
class OutputInterceptor implements NestInterceptor {
  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { contract, guard } = callOf(execution);
    if (guard.options.checksOutput === false) return next.handle();
    return next.handle().pipe(tap((item: unknown) => checkOutput(contract, item)));
  }
}

/** Records that a stream has shown data of an organization to a global admin: once, however many of its items do. */
@Injectable()
class DisclosureInterceptor implements NestInterceptor {
  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { contract, guard, context } = callOf(execution);
    if (contract.isDisclosedBy === undefined || !context) return next.handle();
    let isRecorded = false;
    return next.handle().pipe(
      tap((item: unknown) => {
        if (isRecorded || contract.isDisclosedBy?.(item) !== true) return;
        isRecorded = true;
        guard.disclosed(contract, context);
      }),
    );
  }
}

/**
 * Returns the reply of a request's handler, which Nest provides as a value, a promise, or (from a filter) an
 * Observable. A successful reply that does not match its contract is a defect of the handler.
 */
export async function singleReply(outcome: unknown, context: MessageContext): Promise<ReplyPacket> {
  try {
    const settled = await outcome;
    const response = isObservable(settled) ? await firstValueFrom(settled, { defaultValue: undefined }) : settled;
    const call = calls.get(context);
    if (call?.context && isRefusal(response)) call.guard.handlerRefused(call.contract, call.context, response.error);
    if (call && call.guard.options.checksOutput !== false && isOkReply(response)) {
      try {
        checkOutput(call.contract, response.value);
      } catch (error) {
        return { response: refuse(refusalOf(error, call)), isDisposed: true };
      }
    }
    if (call?.context && isOkReply(response) && call.contract.isDisclosedBy?.(response.value) === true)
      call.guard.disclosed(call.contract, call.context);
    return { response, isDisposed: true };
  } catch (error) {
    return { err: error, isDisposed: true };
  }
}

/** Records requests that a handler denies, like those that the guard denies. */
@Injectable()
class RefusalInterceptor implements NestInterceptor {
  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { contract, guard, context } = callOf(execution);
    const note = (error: DomainError): void => {
      if (context) guard.handlerRefused(contract, context, error);
    };
    return next.handle().pipe(
      tap({
        error(thrown: unknown) {
          if (thrown instanceof DomainErrorException) note(thrown.error);
        },
      }),
    );
  }
}

const isRefusal = (response: unknown): response is { readonly ok: false; readonly error: DomainError } =>
  typeof response === 'object' && response !== null && 'ok' in response && response.ok === false;
const isOkReply = (response: unknown): response is { readonly ok: true; readonly value: unknown } =>
  typeof response === 'object' && response !== null && 'ok' in response && response.ok === true && 'value' in response;

/** Converts exceptions to error replies. The reply for a defect reveals nothing; its cause is logged. */
@Catch()
class WireFilter implements ExceptionFilter {
  catch(thrown: unknown, host: ArgumentsHost): Observable<unknown> {
    const call = calls.get(host.switchToRpc().getContext<object>());
    const error = refusalOf(thrown, call);
    return call?.contract.kind === 'request' ? of(refuse(error)) : throwError(() => error);
  }
}

function refusalOf(thrown: unknown, call: Call | undefined): DomainError {
  const isRefusal = thrown instanceof DomainErrorException || thrown instanceof UnavailableError;
  const error = isRefusal ? thrown.error : busErrors.internal();
  if (!(thrown instanceof DomainErrorException)) {
    const fields = {
      subject: call?.contract.subject,
      correlationId: call?.context?.correlationId,
      err: described(thrown),
    };
    const logger = call?.guard.options.logger;
    if (isRefusal) logger?.warn(fields, 'a handler failed because an engine is unavailable');
    else logger?.error(fields, 'a handler failed');
  }
  return error;
}

/** Returns an error with all its causes, as fields for the log. */
export function described(thrown: unknown): object {
  if (typeof thrown !== 'object' || thrown === null || !('message' in thrown)) return { message: String(thrown) };
  const { message } = thrown;
  const stack = 'stack' in thrown ? thrown.stack : undefined;
  const cause = 'cause' in thrown && thrown.cause !== undefined ? { cause: described(thrown.cause) } : {};
  return { message, stack, ...cause };
}

const callOf = (execution: ExecutionContext): Call => {
  const call = calls.get(execution.switchToRpc().getContext<object>());
  if (!call) throw new Error('this parameter belongs to a handler with @Serves');
  return call;
};

/** Injects the parsed input of the contract. */
export const Input = createParamDecorator((_data: unknown, execution: ExecutionContext) => callOf(execution).input);

/** Injects the RequestContext, whose actor and organization the guard has determined. */
export const Caller = createParamDecorator((_data: unknown, execution: ExecutionContext) => callOf(execution).context);

/** Injects, in a stream's handler, an AbortSignal that aborts when the caller disconnects or either process stops. */
export const Cancelled = createParamDecorator((_data: unknown, execution: ExecutionContext) => {
  const call = callOf(execution);
  call.abort ??= new AbortController();
  controllers.set(call.abort.signal, call.abort);
  return call.abort.signal;
});

/** Parameters of a handler, in this order. Trailing parameters may be omitted. */
type Handler<C extends Contract, Answer> = (
  input: InputOf<C>,
  context: ContextOf<C>,
  cancelled: AbortSignal,
) => Answer | Promise<Answer>;
type Items<C extends StreamContract> = AsyncIterable<OutputOf<C>> | Observable<OutputOf<C>>;
type Decorates<Method> = <M extends Method>(
  target: object,
  name: string | symbol,
  descriptor: TypedPropertyDescriptor<M>,
) => void;

/**
 * Serves a contract: Nest's `@MessagePattern` with the guard and the error filter. A handler has the parameters
 * `@Input()`, `@Caller()`, and (streams) `@Cancelled()`, in this order and with the types of its contract, which the
 * compiler checks. The handler of a request returns a `Reply` (`reply(value)`, `refuse(error)`). The handler of a
 * stream returns an AsyncIterable or an Observable, which is ended when the caller disconnects.
 */
export function Serves<C extends RequestContract>(contract: C): Decorates<Handler<C, ReplyTo<C>>>;
export function Serves<C extends StreamContract>(contract: C): Decorates<Handler<C, Items<C>>>;
export function Serves(contract: Contract) {
  return (target: object, name: string | symbol, descriptor: PropertyDescriptor): void => {
    if (contract.kind === 'stream') descriptor.value = streaming(descriptor.value as AnyMethod);
    // The transport checks the reply to a request (`singleAnswer`), because interceptors would convert each to an
    // Observable.
    const interceptors =
      contract.kind === 'stream'
        ? [AccessRecheckInterceptor, OutputInterceptor, DisclosureInterceptor, RefusalInterceptor] // nearest to the handler: the guard records its own
        : [];
    const decorate = applyDecorators(
      MessagePattern(contract.subject, { kind: contract.kind }),
      UseGuards(CallerGuard),
      UseInterceptors(...interceptors),
      UseFilters(WireFilter),
      SetMetadata(CONTRACT, contract),
    );
    decorate(target, name, descriptor);
  };
}

type AnyMethod = (...args: unknown[]) => unknown;

/** Returns the handler with its result as an Observable, because Nest's transports do not support AsyncIterables. */
function streaming(handler: AnyMethod): AnyMethod {
  const served = async function (this: unknown, ...args: unknown[]): Promise<Observable<unknown>> {
    const response = await handler.apply(this, args);
    const signal = args.find((arg) => arg instanceof AbortSignal);
    const controller = signal && controllers.get(signal);
    return observe(isObservable(response) ? response : (response as AsyncIterable<unknown>), () => controller?.abort());
  };
  Object.defineProperty(served, 'name', { value: handler.name });
  Object.defineProperty(served, 'length', { value: handler.length });
  return served;
}
