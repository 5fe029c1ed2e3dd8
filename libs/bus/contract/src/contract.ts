import type { Permission, PUBLIC, SERVICES_ONLY } from '#access';
import type { Position } from '#kernel';
import type { z } from 'zod';

/**
 * Maximum size of a request's body over HTTP in bytes, before and after decompression. The rest of a bus message is
 * needed for JSON escapes and the caller's context.
 */
export const BODY_BYTES = 768 * 1024;

/** Maximum size of a body that is an input member in base64 (`rawBody`), so that it still fits into a bus message. */
export const RAW_BODY_BYTES = 512 * 1024;

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Kinds of data of which an organization learns when a global admin has read them. */
export const DISCLOSURES = ['secret-names', 'logs'] as const;
export type Disclosure = (typeof DISCLOSURES)[number];

interface Common<Input extends z.ZodType, Output extends z.ZodType> {
  /** Bus subject `<context>.v<n>.<words>`. Exactly one context serves it. */
  readonly subject: string;
  /**
   * HTTP route `METHOD /v1/path/{parameter}`; absent for requests between services. Input members that are not in the
   * path are in the query (GET, DELETE) or the body.
   */
  readonly route?: `${Method} /${string}`;
  /** One line for OpenAPI and the reference. */
  readonly summary?: string;
  readonly permission: Permission | typeof PUBLIC | typeof SERVICES_ONLY;
  /**
   * Another permission that suffices, for a request whose objects can be the caller's own or those of others. The handler
   * decides by object which of the two it needs.
   */
  readonly orPermission?: Permission;
  /** Services that may send it in their own name. Required with SERVICES_ONLY, otherwise additional. */
  readonly callers?: readonly string[];
  /** Parsed once, by the server. Unknown members are rejected. */
  readonly input: Input;
  readonly output: Output;
  /**
   * Returns the organization of the request: ID or slug; services send the ID. The guard resolves it, or rejects the
   * request if it does not exist, so that the handler's context has its ID. Absent for requests without an
   * organization.
   */
  organizationOf?(input: z.infer<Input>): string;
  /**
   * Data of the organization that the request returns, if its audit log lists the reads of global admins who have not
   * joined the organization.
   */
  readonly discloses?: Disclosure;
  /** Whether a reply, or an item of a stream, shows such data. Default: every successful request counts. */
  isDisclosedBy?(output: z.infer<Output>): boolean;
  /**
   * The input member that is the complete request body, such as a manifest. Default: the body has the input's members.
   */
  readonly body?: string;
  /** Schema of such a body for OpenAPI, with which the service parses it. */
  readonly bodySchema?: z.ZodType;
  /**
   * For requests whose signature covers the bytes of the body, which the edge then does not parse: the input member that
   * is the JSON body as it arrived, in base64, and the headers that are input members. Members of absent headers are
   * absent.
   */
  readonly rawBody?: { readonly member: string; readonly headers: Readonly<Record<string, string>> };
  /**
   * Input members that hold secrets of people. The digest of the input, which is recorded with events, leaves them out:
   * anybody who reads the log could try values against it. The handler of a repeated request compares them itself.
   */
  readonly secretMembers?: readonly string[];
  readonly timeoutMs: number;
}

/** A request with one reply over the bus, and optionally over HTTP. */
export interface RequestContract<
  Input extends z.ZodType = z.ZodType,
  Output extends z.ZodType = z.ZodType,
> extends Common<Input, Output> {
  readonly kind: 'request';
  /** HTTP status of success, unless the reply's metadata (`created`) overrides it. Default: 200. */
  readonly success?: 200 | 201 | 202 | 204;
  /** Whether the request creates a resource. The status is then 201. */
  readonly creates?: true;
  /** Whether work may continue after the response. The status is then 202; the reply says so in its metadata. */
  readonly accepts?: true;
  /**
   * Whether `?dryRun=true` is supported, which returns the result without any change. Otherwise, it is rejected with
   * 422.
   */
  readonly dryRun?: true;
  /**
   * Whether responses have the revision as ETag, and `If-Match` is supported. Otherwise, any ETag is rejected with 412.
   */
  readonly ifMatch?: true;
}

/**
 * A request with many replies, until the caller disconnects. Over HTTP, these are server-sent events, or one response
 * with `items`.
 */
export interface StreamContract<
  Input extends z.ZodType = z.ZodType,
  Output extends z.ZodType = z.ZodType,
> extends Common<Input, Output> {
  readonly kind: 'stream';
  /**
   * Formats of a download, by the value of the input member `format`: the response is then text with a line for each
   * item, unless the client accepts only server-sent events.
   */
  readonly downloads?: Readonly<Record<string, DownloadFormat<z.infer<Output>>>>;
}

/** Format of a download. */
export interface DownloadFormat<Item> {
  readonly mediaType: string;
  /** First line, or nothing. */
  readonly head: string;
  /** Returns the line of an item, with its line break. */
  line(item: Item): string;
}

/** A request or a stream that a context serves. */
export type Contract = RequestContract | StreamContract;

/** Returns the permissions of a contract. Any of them suffices. */
export const permissionsOf = <P extends Contract['permission']>({
  permission,
  orPermission,
}: {
  readonly permission: P;
  readonly orPermission?: Permission | undefined;
}): readonly (P | Permission)[] => (orPermission === undefined ? [permission] : [permission, orPermission]);

export type InputOf<C extends Contract> = z.infer<C['input']>;
/** Input of a caller, who may omit members with defaults. */
export type CallerInputOf<C extends Contract> = z.input<C['input']>;
export type OutputOf<C extends Contract> = z.infer<C['output']>;

/** Part of a contract with an organization, from which the types of contexts are derived. */
export interface NamesOrganization<Input extends z.ZodType = z.ZodType> {
  organizationOf(input: z.infer<Input>): string;
}

type Draft<C extends Contract> = Omit<C, 'kind'>;

/**
 * Declares a request. Its type includes `organizationOf`, so that the handler's context has an organization if needed.
 */
export function request<I extends z.ZodType, O extends z.ZodType>(
  contract: Draft<RequestContract<I, O>> & NamesOrganization<I>,
): RequestContract<I, O> & NamesOrganization<I>;
export function request<I extends z.ZodType, O extends z.ZodType>(
  contract: Draft<RequestContract<I, O>>,
): RequestContract<I, O>;
export function request(contract: Draft<RequestContract>): RequestContract {
  return { kind: 'request', ...contract };
}

/** Declares a stream of replies; see `request`. */
export function stream<I extends z.ZodType, O extends z.ZodType>(
  contract: Draft<StreamContract<I, O>> & NamesOrganization<I>,
): StreamContract<I, O> & NamesOrganization<I>;
export function stream<I extends z.ZodType, O extends z.ZodType>(
  contract: Draft<StreamContract<I, O>>,
): StreamContract<I, O>;
export function stream(contract: Draft<StreamContract>): StreamContract {
  return { kind: 'stream', ...contract };
}

/** Name of the service that serves routes, and sends requests on behalf of persons. */
export const EDGE = 'gateway';

/** Returns the service of a subject: the part before its first dot. */
export const receiverOf = (subject: string): string => subject.slice(0, subject.indexOf('.'));

/** Returns whether a service sends this request: in its own name, or as the edge on behalf of the users of its route. */
export const isCalledBy = ({ callers, route }: Pick<Contract, 'callers' | 'route'>, service: string): boolean =>
  callers?.includes(service) === true || (service === EDGE && route !== undefined);

/** Metadata of a reply, which HTTP sends as headers: never part of the resource. */
export interface ReplyMeta {
  /** Position that reads must include to see this write: header `Consistency`. */
  readonly position?: Position;
  /** Revision of the resource: header `ETag`, for `If-Match`. */
  readonly revision?: number;
  /** Whether the resource is new: status 201. */
  readonly created?: boolean;
  /** Whether work continues after this reply: status 202. */
  readonly accepted?: boolean;
  /** Whether this is the reply to a repeated Idempotency-Key. */
  readonly repeated?: boolean;
  /** Sentences for people, printed to standard error (header `Warning`). Never a secret. */
  readonly warnings?: readonly string[];
}
