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
import type { AnswerPacket, MessageContext } from './transport.ts';
import { whileAuthorized } from './while-authorized.ts';

/** Metadata key under which a handler remembers its contract. */
export const CONTRACT = 'astro:contract';

/** Injection token of the guard that every served request passes. */
export const REQUEST_GUARD = Symbol('request guard');

/** What the guard found out about a message, kept beside the message's context for parameters and filter. */
interface Call {
  readonly contract: Contract;
  readonly guard: RequestGuard;
  input?: unknown;
  context?: RequestContext;
  abort?: AbortController;
}

const calls = new WeakMap<object, Call>();
const controllers = new WeakMap<AbortSignal, AbortController>();

/** Caller, time, input and permission, before anything of the handler runs. */
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

/** A stream ends when the rights it was opened with end. */
@Injectable()
class AccessRecheckInterceptor implements NestInterceptor {
  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { contract, guard, context } = callOf(execution);
    return context
      ? whileAuthorized(next.handle(), { clock: guard.options.clock, recheck: () => guard.recheck(contract, context) })
      : next.handle();
  }
}

/** An item of a stream that does not fit its contract is a defect of the handler. */
@Injectable()
class OutputInterceptor implements NestInterceptor {
  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { contract, guard } = callOf(execution);
    if (guard.options.checksOutput === false) return next.handle();
    return next.handle().pipe(tap((item: unknown) => checkOutput(contract, item)));
  }
}

/**
 * The one answer of a request's handler, whether Nest gives it as a value, a promise or (from a filter) an Observable.
 * A good one that does not fit its contract is a defect of the handler.
 */
export async function singleAnswer(outcome: unknown, context: MessageContext): Promise<AnswerPacket> {
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
    return { response, isDisposed: true };
  } catch (error) {
    return { err: error, isDisposed: true };
  }
}

/** What a handler refuses for lack of a right is recorded as what the guard refuses is. */
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

const isRefusal = (answer: unknown): answer is { readonly ok: false; readonly error: DomainError } =>
  typeof answer === 'object' && answer !== null && 'ok' in answer && answer.ok === false;
const isOkReply = (answer: unknown): answer is { readonly ok: true; readonly value: unknown } =>
  typeof answer === 'object' && answer !== null && 'ok' in answer && answer.ok === true && 'value' in answer;

/** Turns refusals into answers, and defects into a refusal that tells nothing; their cause goes to the log. */
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

/** An error with its whole chain of causes, as fields for the log. */
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

/** The parsed input of the contract. */
export const Input = createParamDecorator((_data: unknown, execution: ExecutionContext) => callOf(execution).input);

/** Who asks: a RequestContext whose actor and organization the guard established. */
export const Caller = createParamDecorator((_data: unknown, execution: ExecutionContext) => callOf(execution).context);

/** For stream handlers: an AbortSignal that fires when the caller stops listening, its process dies, or this one shuts down. */
export const Cancelled = createParamDecorator((_data: unknown, execution: ExecutionContext) => {
  const call = callOf(execution);
  call.abort ??= new AbortController();
  controllers.set(call.abort.signal, call.abort);
  return call.abort.signal;
});

/** The parameters of a handler, in this order; those at the end that it does not need may be left out. */
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
 * Serves a contract: Nest's `@MessagePattern` with the guard and the error filter around it. A handler takes
 * `@Input()`, `@Caller()` and, in a stream, `@Cancelled()`, in this order, with the types of its contract: one of
 * another contract does not compile. A request's handler returns a `Reply` (`reply(value)`, `refuse(error)`); a
 * stream's handler returns an AsyncIterable or an Observable, which ends early when the caller stops listening.
 */
export function Serves<C extends RequestContract>(contract: C): Decorates<Handler<C, ReplyTo<C>>>;
export function Serves<C extends StreamContract>(contract: C): Decorates<Handler<C, Items<C>>>;
export function Serves(contract: Contract) {
  return (target: object, name: string | symbol, descriptor: PropertyDescriptor): void => {
    if (contract.kind === 'stream') descriptor.value = streaming(descriptor.value as AnyMethod);
    // Of a request the transport looks at the answer (`singleAnswer`): interceptors would make an Observable of each.
    const interceptors =
      contract.kind === 'stream'
        ? [AccessRecheckInterceptor, OutputInterceptor, RefusalInterceptor] // nearest to the handler: the guard records its own
        : [];
    const decorate = applyDecorators(
      MessagePattern(contract.subject),
      UseGuards(CallerGuard),
      UseInterceptors(...interceptors),
      UseFilters(WireFilter),
      SetMetadata(CONTRACT, contract),
    );
    decorate(target, name, descriptor);
  };
}

type AnyMethod = (...args: unknown[]) => unknown;

/** The handler with its answer as an Observable: Nest's transports know these and not AsyncIterables. */
function streaming(handler: AnyMethod): AnyMethod {
  const served = async function (this: unknown, ...args: unknown[]): Promise<Observable<unknown>> {
    const answer = await handler.apply(this, args);
    const signal = args.find((arg) => arg instanceof AbortSignal);
    const controller = signal && controllers.get(signal);
    return observe(isObservable(answer) ? answer : (answer as AsyncIterable<unknown>), () => controller?.abort());
  };
  Object.defineProperty(served, 'name', { value: handler.name });
  Object.defineProperty(served, 'length', { value: handler.length });
  return served;
}
