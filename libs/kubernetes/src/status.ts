import { KubernetesApiError, type StatusCause } from './client.ts';
import { at, isRecord, list, number, text } from './objects.ts';
import type { ServerResponse } from './transport.ts';

/**
 * Converts an error response: from a Status if the body is one, otherwise from the HTTP code alone. Other bodies are
 * never quoted, so that a registered address cannot be used to read responses of other services.
 */
export function apiError({ status, headers, body }: ServerResponse): KubernetesApiError {
  const parsed = jsonOf(body);
  const retryAfter = retryAfterSeconds(headers['retry-after']) ?? number(at(parsed, 'details', 'retryAfterSeconds'));
  if (!isRecord(parsed) || parsed['kind'] !== 'Status') {
    const reason = status === 404 ? 'UnknownType' : '';
    const message =
      status === 404
        ? 'The server does not serve this kind of object.'
        : `The server returned ${status}, and not in the form of the Kubernetes API.`;
    return new KubernetesApiError({ status, reason, message, retryAfterSeconds: retryAfter });
  }
  return statusError(parsed, status, retryAfter);
}

/** Converts a Status object, including one in an event of a watch. */
export function statusError(
  status: Readonly<Record<string, unknown>>,
  code = number(status['code']) ?? 0,
  retryAfter?: number,
): KubernetesApiError {
  const message = text(status['message']) ?? `The server returned ${code}`;
  // For a path that the server does not serve below a known version, the Status differs only in its message.
  const unknownType = code === 404 && message === 'the server could not find the requested resource';
  return new KubernetesApiError({
    status: code,
    reason: unknownType ? 'UnknownType' : (text(status['reason']) ?? ''),
    message,
    causes: list(at(status, 'details', 'causes')).map(causeOf),
    retryAfterSeconds: retryAfter,
  });
}

const causeOf = (cause: unknown): StatusCause => ({
  reason: text(at(cause, 'reason')) ?? '',
  field: text(at(cause, 'field')) ?? '',
  message: text(at(cause, 'message')) ?? '',
});

/** Parses JSON; undefined if it is invalid. */
export function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined; // the caller decides by the HTTP code
  }
}

/** Parses the texts of `Warning: 299 - "…"` headers, in order. */
export function warningsOf(headers: ServerResponse['headers']): readonly string[] {
  const raw = headers['warning'];
  if (raw === undefined) return [];
  const joined = Array.isArray(raw) ? raw.join(', ') : String(raw);
  return [...joined.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map((match) => (match[1] ?? '').replace(/\\(.)/g, '$1'));
}

/** Parses the seconds of a Retry-After header. A date counts as missing, because the clocks may differ. */
function retryAfterSeconds(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) : undefined;
}

/** Text in server messages that precedes a value of the object. */
const BEFORE_VALUE = /(?:Invalid value|Unsupported value|Duplicate value): |\bgot (?=&|[{"[])|=(?=")/g;

/** Removes quoted values from a server's message, since they may be secret and messages are stored and shown. */
export function withoutValues(message: string): string {
  const kept: string[] = [];
  let from = 0;
  BEFORE_VALUE.lastIndex = 0;
  for (let found = BEFORE_VALUE.exec(message); found; found = BEFORE_VALUE.exec(message)) {
    const end = endOfValue(message, BEFORE_VALUE.lastIndex);
    kept.push(message.slice(from, found.index), found[0].replace(/: $/, '').replace(/^got $/, 'got another type'));
    from = end;
    BEFORE_VALUE.lastIndex = end;
  }
  return (kept.join('') + message.slice(from)).replaceAll(
    /illegal base64 data at input byte \d+/g,
    'illegal base64 data',
  );
}

/**
 * Returns the end of a quoted value as Go prints it: a string, a number, or a structure that contains braces and
 * strings.
 */
function endOfValue(message: string, start: number): number {
  let depth = 0;
  for (let index = start; index < message.length; index++) {
    const character = message[index] ?? '';
    if (character === '"' || character === '`') {
      index = endOfString(message, index);
      if (depth === 0 && message[start] === character) return index + 1;
    } else if ('{[('.includes(character)) depth++;
    else if ('}])'.includes(character)) {
      if (depth === 0) return index;
      depth--;
    } else if (depth === 0 && /^(?:: |, )/.test(message.slice(index, index + 2))) return index;
  }
  return message.length;
}

function endOfString(message: string, start: number): number {
  const quote = message[start];
  for (let index = start + 1; index < message.length; index++) {
    if (message[index] === '\\' && quote === '"') index++;
    else if (message[index] === quote) return index;
  }
  return message.length;
}

/**
 * Returns the part of a server's refusal that may be stored and shown: field paths, reasons, and names of objects and
 * policies. Messages of webhooks and admission policies may quote anything, so only their source is kept.
 */
export function plainText({ status, causes, message }: KubernetesApiError): string {
  const webhook = /^(?:.*?: )?(admission webhook "[^"]{1,253}") denied/s.exec(message)?.[1];
  if (webhook !== undefined) return `${webhook} denied the request`;
  const policy = /(ValidatingAdmissionPolicy '[^']{1,253}')/.exec(message)?.[1];
  if (policy !== undefined) return `${policy} denied the request`;
  const calling = /(failed calling webhook "[^"]{1,253}")/.exec(message)?.[1];
  if (calling !== undefined) return calling;
  if ((status === 422 || status === 400) && causes.some(({ field }) => field !== ''))
    return causes.map((cause) => `${cause.field}: ${withoutValues(cause.message)}`.replace(/^: /, '')).join(', ');
  return withoutValues(message);
}

/** Matches messages of 500 responses that are permanent because the request is invalid (observed on 1.20 and 1.36). */
const PERMANENT_500 =
  /^failed to create typed (?:patch )?object|^failed to create manager|etcdserver: request is too large|trying to send message larger than max|metadata\.resourceVersion|resourceVersion should not be set/;

/** Returns whether retrying may help: the server is overloaded or restarting, and the request is valid. */
export function isTransient(error: KubernetesApiError): boolean {
  if (error.status === 429) return !error.causes.some(({ reason }) => reason === 'DisruptionBudget');
  if (error.status === 500) return !PERMANENT_500.test(error.message);
  return error.status === 502 || error.status === 503 || error.status === 504;
}
