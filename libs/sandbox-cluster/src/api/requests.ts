import type { IncomingMessage } from 'node:http';
import { err, ok, type Json, type JsonObject, type Result } from '#kernel';
import { duplicateFields, readProtobuf, type ResourceData } from '#kubernetes/schemas';
import { parseManifests } from '#kubernetes/yaml';
import type { ApiStatus } from '../controller.ts';
import { isObject } from '../store.ts';
import type { DeleteRequest } from './deleting.ts';
import { badRequest, causes, failure, invalid } from './status.ts';
import type { WriteOptions } from './write-api.ts';

const BODY_BYTES = 3 * 1024 * 1024;
const DEPTH = 100;
const MANAGER_LENGTH = 128;
/** Number of bytes of a body that a refusal quotes. */
const QUOTED = 256;

export interface Body {
  readonly value: Json;
  readonly duplicates: readonly string[];
}

/** Name of the server's options structure for each method, as used in refusals. */
const OPTIONS: Readonly<Record<string, string>> = {
  POST: 'CreateOptions',
  PUT: 'UpdateOptions',
  PATCH: 'PatchOptions',
  DELETE: 'DeleteOptions',
};

/** Parses the options of a write from the query and the headers. */
export function writeOptions(request: IncomingMessage, query: URLSearchParams): Result<WriteOptions, ApiStatus> {
  const kind = OPTIONS[request.method ?? ''] ?? 'CreateOptions';
  const refuse = (cause: ReturnType<typeof causes.invalid>) =>
    err(invalid({ kind, group: 'meta.k8s.io' }, '', [cause]));
  const dryRun = query.getAll('dryRun');
  if (dryRun.some((value) => value !== 'All')) return refuse(causes.unsupported('dryRun', dryRun, ['All']));
  const validation = query.get('fieldValidation') ?? '';
  if (validation !== '' && validation !== 'Ignore' && validation !== 'Warn' && validation !== 'Strict')
    return refuse(causes.unsupported('fieldValidation', validation, ['', 'Ignore', 'Strict', 'Warn']));
  const given = query.get('fieldManager') ?? '';
  const isApply = mediaType(request) === 'application/apply-patch+yaml';
  if (isApply && given === '') return refuse(causes.required('fieldManager', 'is required for apply patch'));
  if (!isApply && query.get('force') !== null && kind === 'PatchOptions')
    return refuse(causes.forbidden('force', 'may not be specified for non-apply patch'));
  if (Buffer.byteLength(given) > MANAGER_LENGTH) return refuse(causes.tooLong('fieldManager', MANAGER_LENGTH));
  const program = (request.headers['user-agent'] ?? 'unknown').split('/')[0]?.slice(0, MANAGER_LENGTH) ?? 'unknown';
  return ok({
    manager: given === '' ? program : given,
    dryRun: dryRun.length > 0,
    fieldValidation: validation === '' ? 'Warn' : validation,
    force: query.get('force') === 'true' || query.get('force') === '1',
  });
}

/**
 * Parses the options of a DELETE. As on a real server, a body, even an empty object, overrides the options in the
 * query.
 */
export async function deleteRequest(
  request: IncomingMessage,
  query: URLSearchParams,
): Promise<Result<DeleteRequest, ApiStatus>> {
  const body = await bodyOf(request, { optional: true });
  if (!body.ok) return body;
  const given = isObject(body.value.value) ? body.value.value : undefined;
  const preconditions = isObject(given?.['preconditions']) ? given['preconditions'] : {};
  const word = (value: Json | undefined) => (typeof value === 'string' && value !== '' ? value : undefined);
  const asked = given ? word(given['propagationPolicy']) : (query.get('propagationPolicy') ?? undefined);
  const orphans = given ? given['orphanDependents'] : { true: true, false: false }[query.get('orphanDependents') ?? ''];
  const policy = asked ?? (orphans === true ? 'Orphan' : orphans === false ? 'Background' : undefined);
  const seconds = query.get('gracePeriodSeconds');
  const grace = given ? given['gracePeriodSeconds'] : seconds === null ? undefined : Number(seconds);
  const dryRun = given
    ? Array.isArray(given['dryRun'])
      ? (given['dryRun'] as readonly Json[]).map(String)
      : []
    : query.getAll('dryRun');
  const refuse = (cause: ReturnType<typeof causes.invalid>) =>
    err(invalid({ kind: 'DeleteOptions', group: 'meta.k8s.io' }, '', [cause]));
  if (dryRun.some((value) => value !== 'All')) return refuse(causes.unsupported('dryRun', dryRun, ['All']));
  if (policy !== undefined && policy !== 'Background' && policy !== 'Foreground' && policy !== 'Orphan')
    return refuse(causes.unsupported('propagationPolicy', policy, ['Foreground', 'Background', 'Orphan', 'nil']));
  if (asked !== undefined && typeof orphans === 'boolean')
    return refuse(
      causes.invalid('propagationPolicy', asked, 'orphanDependents and deletionPropagation cannot be both set'),
    );
  const [uid, resourceVersion] = [word(preconditions['uid']), word(preconditions['resourceVersion'])];
  return ok({
    dryRun: dryRun.length > 0,
    ...(uid !== undefined && { uid }),
    ...(resourceVersion !== undefined && { resourceVersion }),
    ...(policy !== undefined && { propagation: policy }),
    ...(typeof grace === 'number' && Number.isFinite(grace) && { graceSeconds: grace }),
  });
}

export const mediaType = ({ headers }: IncomingMessage): string =>
  (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';

/** Reads the object of a POST or PUT from JSON, YAML, or protobuf. */
export async function objectIn(
  request: IncomingMessage,
  resource: Pick<ResourceData, 'kind'>,
): Promise<Result<{ readonly object: JsonObject; readonly duplicates: readonly string[] }, ApiStatus>> {
  const type = mediaType(request);
  if (type !== '' && !['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'].includes(type))
    return err(
      failure(
        415,
        'UnsupportedMediaType',
        'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
      ),
    );
  const body = await bodyOf(request, { of: resource.kind });
  if (!body.ok) return body;
  const { value, duplicates } = body.value;
  return ok({ object: isObject(value) ? value : {}, duplicates });
}

/**
 * Reads and parses a request body. Size, encoding, and depth are limited before anything is parsed.
 * @param options.of kind that refusals name; by default they describe a patch
 */
export async function bodyOf(
  request: IncomingMessage,
  options: { readonly of?: string; readonly optional?: boolean } = {},
): Promise<Result<Body, ApiStatus>> {
  const bytes = await read(request);
  if (!bytes) return err(failure(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${BODY_BYTES}`));
  if (bytes.length === 0 && options.optional === true) return ok({ value: null, duplicates: [] });
  const type = mediaType(request);
  if (type === 'application/vnd.kubernetes.protobuf') return protobuf(bytes, options.of);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    return err(badRequest('the body of the request is not UTF-8'));
  }
  if (deeperThan(text, DEPTH)) return err(badRequest(`the body of the request is nested deeper than ${DEPTH}`));
  const isYaml = type.endsWith('yaml');
  const parsed = parseJson(text);
  if (parsed.ok) {
    if (text.includes('"__proto__"')) return err(badRequest('the body of the request has a member called __proto__'));
    if (options.of !== undefined && !isObject(parsed.value) && parsed.value !== null)
      return err(
        unrecognized(
          options.of,
          `json: cannot unmarshal ${goKind(parsed.value)} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
          text,
        ),
      );
    return ok({ value: parsed.value, duplicates: duplicateFields(text) });
  }
  if (isYaml) {
    const documents = parseManifests(text);
    const [document] = documents.ok ? documents.value.documents : [];
    return document
      ? ok({ value: document.value as Json, duplicates: [] })
      : err(badRequest('error decoding YAML: the body of the request is not an object'));
  }
  return err(
    options.of === undefined
      ? badRequest(`error decoding patch: ${parsed.error}`)
      : unrecognized(options.of, parsed.error, text),
  );
}

const unrecognized = (kind: string, why: string, text: string): ApiStatus =>
  badRequest(
    `the object provided is unrecognized (must be of type ${kind}): couldn't get version/kind; json parse error: ${why} (${quoted(text)})`,
  );

/** Formats an unreadable body as the server does: as text if it begins like an object, otherwise as hexadecimal. */
function quoted(text: string): string {
  if (text === '') return '<empty>';
  if (text.startsWith('{')) return text.length > QUOTED ? `${text.slice(0, QUOTED)} ...` : text;
  return inHex(Buffer.from(text));
}

function inHex(bytes: Buffer): string {
  const hex = bytes.toString('hex', 0, QUOTED);
  return hex.length > QUOTED ? `${hex.slice(0, QUOTED)} ...` : hex;
}

const goKind = (value: Json): string =>
  Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;

function parseJson(text: string): Result<Json, string> {
  try {
    return ok(JSON.parse(text) as Json);
  } catch (error) {
    const message = String(error);
    const place = /position (\d+)/.exec(message)?.[1];
    const char = place === undefined ? /^SyntaxError: Unexpected token '(.)'/u.exec(message)?.[1] : text[Number(place)];
    return err(
      char === undefined || /end of JSON|Unterminated/.test(message)
        ? 'unexpected end of JSON input'
        : `invalid character '${char}' looking for beginning of value`,
    );
  }
}

function protobuf(bytes: Buffer, kind = 'DeleteOptions'): Result<Body, ApiStatus> {
  const refusal = failure(
    415,
    'UnsupportedMediaType',
    'the sandbox does not know this kind as protobuf; send application/json',
  );
  try {
    const value = readProtobuf(bytes);
    return value ? ok({ value, duplicates: [] }) : err(refusal);
  } catch {
    const shown = inHex(bytes);
    return err(badRequest(`the object provided is unrecognized (must be of type ${kind}): unexpected EOF (${shown})`));
  }
}

/**
 * Reads the complete body.
 * @returns undefined if it is too large; the rest is then not read
 */
function read(request: IncomingMessage): Promise<Buffer | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > BODY_BYTES) return Promise.resolve(undefined);
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let length = 0;
    const take = (part: Buffer): void => {
      length += part.length;
      if (length <= BODY_BYTES) return void parts.push(part);
      request.off('data', take).pause();
      resolve(undefined);
    };
    request.on('data', take);
    request.once('end', () => resolve(Buffer.concat(parts)));
    request.once('error', reject);
    request.once('close', () => reject(new Error('the sender went away')));
  });
}

function deeperThan(text: string, most: number): boolean {
  let depth = 0;
  let quoted_ = false;
  for (let index = 0; index < text.length; index++) {
    const char = text.charCodeAt(index);
    if (quoted_) {
      if (char === 92) index++;
      else if (char === 34) quoted_ = false;
    } else if (char === 34) quoted_ = true;
    else if (char === 123 || char === 91) {
      depth += 1;
      if (depth > most) return true;
    } else if (char === 125 || char === 93) depth -= 1;
  }
  return false;
}
