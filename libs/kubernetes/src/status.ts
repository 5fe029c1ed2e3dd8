import { KubernetesApiError, type StatusCause } from './client.ts';
import { at, isRecord, list, number, text } from './objects.ts';
import type { ServerResponse } from './transport.ts';

/**
 * An answer that is an error, as one: from a Status when the body is one, else from the bare code. The words of another body
 * are never repeated: whoever names an address must not read with it what other services say.
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

/** A Status object, also one that came as a line of a watch. */
export function statusError(
  status: Readonly<Record<string, unknown>>,
  code = number(status['code']) ?? 0,
  retryAfter?: number,
): KubernetesApiError {
  const message = text(status['message']) ?? `The server returned ${code}`;
  // A path below a known version that the server does not serve is a Status too, told apart only by its text.
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

/** Parses JSON; undefined when it is none. */
export function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined; // what is not JSON is judged by the caller, from the answer's code
  }
}

/** Texts of `Warning: 299 - "…"` headers, in order. */
export function warningsOf(headers: ServerResponse['headers']): readonly string[] {
  const raw = headers['warning'];
  if (raw === undefined) return [];
  const joined = Array.isArray(raw) ? raw.join(', ') : String(raw);
  return [...joined.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map((match) => (match[1] ?? '').replace(/\\(.)/g, '$1'));
}

/** Seconds of a Retry-After header; a date counts as absent, since the two clocks may differ. */
function retryAfterSeconds(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) : undefined;
}

/** What a server quotes before a value of the object that was sent. */
const BEFORE_VALUE = /(?:Invalid value|Unsupported value|Duplicate value): |\bgot (?=&|[{"[])|=(?=")/g;

/** A server's text without the values it quotes: they may be secrets, and texts are stored and shown. */
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

/** Where a quoted value ends, as Go prints it: a string, a number, or a structure with braces and strings in it. */
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
 * What may be stored and shown of a server's refusal: field paths, reasons, names of objects and of policies. The words of
 * webhooks and of admission policies may quote anything, so only who spoke is kept.
 */
export function plainText({ status, causes, message }: KubernetesApiError): string {
  const speaker = /^(?:.*?: )?(admission webhook "[^"]{1,253}") denied/s.exec(message)?.[1];
  if (speaker !== undefined) return `${speaker} denied the request`;
  const policy = /(ValidatingAdmissionPolicy '[^']{1,253}')/.exec(message)?.[1];
  if (policy !== undefined) return `${policy} denied the request`;
  const calling = /(failed calling webhook "[^"]{1,253}")/.exec(message)?.[1];
  if (calling !== undefined) return calling;
  if ((status === 422 || status === 400) && causes.some(({ field }) => field !== ''))
    return causes.map((cause) => `${cause.field}: ${withoutValues(cause.message)}`.replace(/^: /, '')).join(', ');
  return withoutValues(message);
}

/** The 500s that repeat forever because the request itself is at fault (seen on 1.20 and 1.36). */
const PERMANENT_500 =
  /^failed to create typed (?:patch )?object|^failed to create manager|etcdserver: request is too large|trying to send message larger than max|metadata\.resourceVersion|resourceVersion should not be set/;

/** Whether waiting can help against an error: an overloaded or restarting server, not a mistake of ours. */
export function isTransient(error: KubernetesApiError): boolean {
  if (error.status === 429) return !error.causes.some(({ reason }) => reason === 'DisruptionBudget');
  if (error.status === 500) return !PERMANENT_500.test(error.message);
  return error.status === 502 || error.status === 503 || error.status === 504;
}
