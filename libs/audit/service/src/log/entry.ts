import type { ReadRecord } from '#audit/contract';
import { idOf, sequenceOf, type EventMetadata, type Fact, type Position, type Recorded } from '#kernel';
import { ACTIONS, HIDDEN, type Action } from './actions.ts';

/** Scope of events without an organization. */
export const PLATFORM = 'platform';

/** An entry of the audit log: IDs only, which are replaced by names when somebody reads it. */
export interface Entry {
  readonly organizationId: string | null;
  readonly position: Position;
  readonly time: string;
  readonly actor: string;
  readonly action: string;
  /** `kind/id`. */
  readonly object: string | null;
  readonly right: string | null;
  readonly permission: string | null;
  readonly grantedBy: string | null;
  readonly credential: 'login' | 'key' | null;
  readonly keyId: string | null;
  readonly result: 'done' | 'refused';
  readonly count: number;
  readonly network: string | null;
  /** ID of the record with the complete address. */
  readonly addressId: string | null;
  readonly requestId: string;
  readonly causedBy: string | null;
  readonly eventId: string;
  readonly details: Readonly<Record<string, string>>;
}

/** Maximum length of one shown value. */
const MAX_VALUE = 200;

/** Returns how the log shows events of a type; undefined for a type that it does not list. */
function actionOf(type: string): Action | undefined {
  const action = Object.hasOwn(ACTIONS, type) ? ACTIONS[type] : {};
  return action === HIDDEN ? undefined : action;
}

/** Returns whether the log lists events of a type. */
export const isListed = (type: string): boolean => actionOf(type) !== undefined;

/** Returns the entry of an event; undefined for an event that the log does not list. */
export function entryOf({ event, metadata }: Recorded): Entry | undefined {
  const action = actionOf(event.type);
  if (action === undefined) return undefined;
  const entry: Entry = {
    organizationId: metadata.organizationId ?? null,
    position: metadata.position,
    time: metadata.recordedAt,
    actor: metadata.actor,
    action: event.type.replace(/\.v\d+$/, ''),
    object: objectOf(action, event, metadata),
    ...rightOf(metadata.by),
    result: 'done',
    count: 1,
    requestId: metadata.correlationId,
    causedBy: metadata.causationId === metadata.commandId ? null : metadata.causationId,
    eventId: metadata.id,
    details: detailsOf(action, event.data),
  };
  if (event.type === 'read.recorded.v1') return readOf(entry, event.data);
  return event.type.startsWith('refusal') ? refusalOf(entry, event.data) : entry;
}

function objectOf({ object }: Action, { data }: Fact, { stream }: EventMetadata): string | null {
  if (!object) return null;
  const [kind, member] = object;
  const id = member === 'stream' ? idOf(stream) : textAt(data, member.split('.'));
  return id === undefined ? null : `${kind}/${id}`;
}

function rightOf(
  by: EventMetadata['by'],
): Pick<Entry, 'right' | 'permission' | 'grantedBy' | 'credential' | 'keyId' | 'network' | 'addressId'> {
  const { rule, role, permission, grantedBy, credential, keyId, network, address } = by ?? {};
  return {
    right: (rule === 'role' || rule === 'global-admin' ? role : rule) ?? null,
    permission: permission ?? null,
    grantedBy: grantedBy ?? null,
    credential: credential ?? null,
    keyId: keyId ?? null,
    network: network ?? null,
    addressId: address ?? null,
  };
}

function detailsOf({ shows = [] }: Action, data: unknown): Readonly<Record<string, string>> {
  const shown = shows.flatMap((path) => {
    const text = textAt(data, path.split('.'));
    return text === undefined ? [] : [[path, text] as const];
  });
  return Object.fromEntries(shown);
}

/** Returns the entry of refused requests: whose they were, and what was attempted. */
function refusalOf(entry: Entry, data: unknown): Entry {
  const { principal, by, keyId, permission, operation, code, count, requestId } = data as Readonly<
    Record<string, string | number | undefined>
  >; // this context wrote it
  return {
    ...entry,
    ...(principal !== undefined && { actor: String(principal), action: String(permission) }),
    credential: by === 'login' || by === 'key' ? by : null,
    keyId: keyId === undefined ? null : String(keyId),
    permission: permission === undefined ? null : String(permission),
    result: 'refused',
    count: Number(count),
    requestId: requestId === undefined ? entry.requestId : String(requestId),
    causedBy: null,
    details: {
      ...(code !== undefined && { code: String(code) }),
      ...(operation !== undefined && { operation: String(operation) }),
    },
  };
}

/** Returns the entry of reads that only the global role permitted: whose they were, and what was read. */
function readOf(entry: Entry, data: unknown): Entry {
  const { userId, discloses, count, requestId, operation, ...by } = data as ReadRecord; // this context wrote it
  return {
    ...entry,
    ...rightOf({ ...by, rule: 'global-admin', role: 'global-admin', credential: 'login' }),
    actor: userId,
    action: `${discloses}.read`,
    count,
    requestId,
    causedBy: null,
    details: { operation },
  };
}

/** Returns a member of the data as text, with values of lists separated by commas; undefined if it is absent. */
function textAt(data: unknown, path: readonly string[]): string | undefined {
  if (Array.isArray(data)) {
    const texts = data.flatMap((item) => textAt(item, path) ?? []);
    return texts.length === 0 ? undefined : bounded(texts.join(', '));
  }
  const [member, ...rest] = path;
  if (member !== undefined)
    return typeof data === 'object' && data !== null && Object.hasOwn(data, member)
      ? textAt((data as Readonly<Record<string, unknown>>)[member], rest)
      : undefined;
  return typeof data === 'string' || typeof data === 'number' || typeof data === 'boolean'
    ? bounded(String(data))
    : undefined;
}

const bounded = (text: string): string => (text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}…` : text);

/** Returns the place of an entry in the log: sorts by time, then by position. */
export const placeOf = ({ time, position }: Pick<Entry, 'time' | 'position'>): string =>
  `${time} ${String(sequenceOf(position)).padStart(20, '0')}`;

/** Returns the value of an index: entries of a scope with that value are next to each other, in the order of the log. */
export const indexed = (scope: string, value: string, place: string): string => `${scope} ${value} ${place}`;

/** Filters of the log, with IDs instead of names. */
export interface EntryFilter {
  readonly actor?: string | undefined;
  readonly action?: string | undefined;
  /** Any of these. */
  readonly objects?: readonly string[] | undefined;
  readonly result?: 'done' | 'refused' | undefined;
  readonly right?: string | undefined;
  /** RFC 3339 UTC with milliseconds, inclusive. */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

/** Returns whether an entry matches all filters. */
export function matches(entry: Entry, { actor, action, objects, result, right, since, until }: EntryFilter): boolean {
  return (
    (actor === undefined || (actor === PLATFORM ? entry.actor.startsWith('system:') : entry.actor === actor)) &&
    (action === undefined || entry.action === action) &&
    (objects === undefined || (entry.object !== null && objects.includes(entry.object))) &&
    (result === undefined || entry.result === result) &&
    (right === undefined || entry.right === right || entry.permission === right) &&
    (since === undefined || entry.time >= since) &&
    (until === undefined || entry.time <= until)
  );
}
