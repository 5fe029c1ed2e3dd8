import type { Permission, PUBLIC, SERVICES_ONLY } from '#access';
import type { Position } from '#kernel';
import type { z } from 'zod';

/**
 * Most bytes of a request's body over HTTP, counted before and after unpacking: what one object may have. It leaves room in a
 * message of the bus for what JSON makes of it and for the caller's context.
 */
export const BODY_BYTES = 768 * 1024;

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

interface Common<Input extends z.ZodType, Output extends z.ZodType> {
  /** `<context>.v<n>.<words>`: the bus subject; served by exactly one context. */
  readonly subject: string;
  /** `METHOD /v1/path/{parameter}`; absent for requests between services. What is not in the path is query (GET, DELETE) or body. */
  readonly route?: `${Method} /${string}`;
  /** One line for OpenAPI and the reference. */
  readonly summary?: string;
  readonly permission: Permission | typeof PUBLIC | typeof SERVICES_ONLY;
  /** Services that may call it in their own name; needed with SERVICES_ONLY, additional elsewhere. */
  readonly callers?: readonly string[];
  /** Parsed once, by the server; unknown members are refused. */
  readonly input: Input;
  readonly output: Output;
  /**
   * The organization that the request is about: id or slug; services give the id. The guard resolves it and refuses
   * what is not found, so that the handler's context has its id. Left out when a request is about none.
   */
  organizationOf?(input: z.infer<Input>): string;
  /** The whole request body goes into this one member of the input (a manifest, say) instead of being its members. */
  readonly body?: string;
  /** What such a body is, for OpenAPI: the schema by which the service reads it. */
  readonly bodySchema?: z.ZodType;
  readonly timeoutMs: number;
}

/** One question and one answer over the bus, perhaps reachable over HTTP too. */
export interface RequestContract<
  Input extends z.ZodType = z.ZodType,
  Output extends z.ZodType = z.ZodType,
> extends Common<Input, Output> {
  readonly kind: 'request';
  /** HTTP status of success; what the handler's meta says (`created`) wins. 200 when left out. */
  readonly success?: 200 | 201 | 202 | 204;
  /** It makes what was not there before, and then answers 201. */
  readonly creates?: true;
  /** `?dryRun=true` answers what would happen and makes nothing; 422 where this is left out. */
  readonly dryRun?: true;
  /** The answers carry the configuration's revision as ETag, and `If-Match` holds the change to it; 412 with any ETag where this is left out. */
  readonly ifMatch?: true;
}

/** One question and many answers, until the caller stops listening. Over HTTP: server-sent events, or JSON lines gathered into `items`. */
export interface StreamContract<
  Input extends z.ZodType = z.ZodType,
  Output extends z.ZodType = z.ZodType,
> extends Common<Input, Output> {
  readonly kind: 'stream';
}

export type Contract = RequestContract | StreamContract;
export type InputOf<C extends Contract> = z.infer<C['input']>;
/** What a caller may leave out: defaults not yet applied. */
export type CallerInputOf<C extends Contract> = z.input<C['input']>;
export type OutputOf<C extends Contract> = z.infer<C['output']>;

/** What a contract has that names an organization; the types of contexts follow from it. */
export interface NamesOrganization<Input extends z.ZodType = z.ZodType> {
  organizationOf(input: z.infer<Input>): string;
}

type Draft<C extends Contract> = Omit<C, 'kind'>;

/** Declares a request; `organizationOf` stays in its type, so that a handler knows whether an organization is there. */
export function request<I extends z.ZodType, O extends z.ZodType>(
  contract: Draft<RequestContract<I, O>> & NamesOrganization<I>,
): RequestContract<I, O> & NamesOrganization<I>;
export function request<I extends z.ZodType, O extends z.ZodType>(
  contract: Draft<RequestContract<I, O>>,
): RequestContract<I, O>;
export function request(contract: Draft<RequestContract>): RequestContract {
  return { kind: 'request', ...contract };
}

/** Declares a stream of answers; see `request`. */
export function stream<I extends z.ZodType, O extends z.ZodType>(
  contract: Draft<StreamContract<I, O>> & NamesOrganization<I>,
): StreamContract<I, O> & NamesOrganization<I>;
export function stream<I extends z.ZodType, O extends z.ZodType>(
  contract: Draft<StreamContract<I, O>>,
): StreamContract<I, O>;
export function stream(contract: Draft<StreamContract>): StreamContract {
  return { kind: 'stream', ...contract };
}

/** What stands beside an answer and travels in headers: never part of the resource. */
export interface ReplyMeta {
  /** The log up to here is needed to see this write: header `Consistency`. */
  readonly position?: Position;
  /** Revision of the configuration: header `ETag`, for `If-Match`. */
  readonly revision?: number;
  /** The resource is new: 201. */
  readonly created?: boolean;
  /** The answer was made again for a repeated Idempotency-Key. */
  readonly repeated?: boolean;
  /** Sentences for people, shown on stderr (header `Warning` style); never a secret. */
  readonly warnings?: readonly string[];
}
