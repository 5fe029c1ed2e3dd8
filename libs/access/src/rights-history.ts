import {
  categoryOf,
  idOf,
  sequenceOf,
  type EventFamily,
  type EventMetadata,
  type Position,
  type Recorded,
} from '#kernel';
import type { OrganizationRights, Rights } from './can.ts';
import {
  Directory,
  type DirectoryKey,
  type DirectoryMember,
  type DirectoryOrganization,
  type DirectoryUser,
} from './directory.ts';
import {
  keyRingEvents,
  organizationEvents,
  policyEvents,
  userEvents,
  type KeyRingEvent,
  type OrganizationEvent,
  type PolicyEvent,
  type UserEvent,
} from './rights.events.ts';
import { lastUpTo, Timeline } from './timeline.ts';

/** Events that the history of rights reads. Sessions grant no rights: they are logins. */
export type RightsFact = UserEvent | OrganizationEvent | KeyRingEvent | PolicyEvent;

export const rightsEvents: EventFamily<RightsFact> = {
  categories: [
    ...userEvents.categories,
    ...organizationEvents.categories,
    ...keyRingEvents.categories,
    ...policyEvents.categories,
  ],
  types: { ...userEvents.types, ...organizationEvents.types, ...keyRingEvents.types, ...policyEvents.types },
};

/** A time of the log: the state after an event, and the clock for rights that expire. */
export interface Moment {
  readonly sequence: number;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  /** Set if the moment is a time at which something ends by itself, not one of an event. */
  readonly isTime?: true;
}

/** The event that granted a right. */
export interface Grant {
  readonly id: string;
  readonly type: string;
  readonly position: Position;
  readonly recordedAt: string;
  readonly actor: string;
}

/** The rules that a release published. */
export type PublishedPolicy = PolicyEvent['data'];

/** An organization without its members, which have timelines of their own. */
type OrganizationAt = Omit<DirectoryOrganization, 'members'>;

interface OrganizationHistory {
  readonly states: Timeline<OrganizationAt>;
  readonly members: Map<string, Timeline<DirectoryMember | undefined>>;
}

/**
 * The rights of all users, members, and keys at every position of the log, and the rules that applied. `apply` folds
 * each event into a `Directory` and remembers what it changed, so that the past is folded by the same code as the
 * present, and a decision about the past is a few searches in sorted arrays. Only `apply` changes it.
 */
export class RightsHistory {
  private readonly directory = new Directory();
  private readonly users = new Map<string, Timeline<DirectoryUser>>();
  private readonly organizations = new Map<string, OrganizationHistory>();
  private readonly keys = new Map<string, Timeline<DirectoryKey>>();
  /** Key IDs of each member of an organization. */
  private readonly memberKeys = new Map<string, Set<string>>();
  private readonly everAdmins = new Set<string>();
  private readonly policies = new Timeline<PublishedPolicy>();
  private readonly grants = new Map<string, Grant>();
  private readonly sequences: number[] = [];
  private readonly recordedMs: number[] = [];
  /** For each event, the earliest time at which it or a later one was recorded. Never decreases. */
  private readonly times: number[] = [];

  apply({ event, metadata }: Recorded<RightsFact>): void {
    const { id, position, recordedAt, actor, stream } = metadata;
    const sequence = sequenceOf(position);
    this.noteTime(sequence, Date.parse(recordedAt));
    this.grants.set(id, { id, type: event.type, position, recordedAt, actor });
    if (event.type === 'platform.policy-published.v1') return this.policies.set(sequence, event.data);
    this.directory.apply({ event, metadata });
    const subject = idOf(stream);
    switch (categoryOf(stream)) {
      case 'user': {
        const user = this.directory.users.get(subject);
        if (user) timelineOf(this.users, subject).set(sequence, { ...user });
        if (user?.globalRole === 'admin') this.everAdmins.add(subject);
        return;
      }
      case 'organization':
        return this.rememberOrganization(subject, sequence, namesIn(event.data));
      default:
        for (const keyId of namesIn(event.data)) {
          const key = this.directory.keysById.get(keyId);
          if (!key) continue;
          timelineOf(this.keys, keyId).set(sequence, { ...key });
          setOf(this.memberKeys, `${key.organizationId} ${key.created.memberId}`).add(keyId);
        }
    }
  }

  /** Notes the time of an event that concerns no rights, so that its position has a time too. */
  note({ position, recordedAt }: Pick<EventMetadata, 'position' | 'recordedAt'>): void {
    this.noteTime(sequenceOf(position), Date.parse(recordedAt));
  }

  /** Like `note`, for events whose exact time does not matter: it notes at most one a second. */
  pass(metadata: Pick<EventMetadata, 'position' | 'recordedAt'>): void {
    if (Date.parse(metadata.recordedAt) - (this.recordedMs.at(-1) ?? 0) >= 1_000) this.note(metadata);
  }

  /**
   * Returns the last moment recorded up to a time; undefined if nothing was recorded by then.
   *
   * @param timeMs milliseconds since 1970
   */
  asOfTime(timeMs: number): Moment | undefined {
    const index = lastUpTo(this.times, timeMs);
    return index < 0 ? undefined : { sequence: this.sequences[index] ?? 0, nowMs: timeMs };
  }

  /** Returns the rights after the event at `sequence`. */
  rightsAt(sequence: number): Rights {
    return {
      users: new ValuesAt(this.users, sequence),
      organizations: new OrganizationsAt(this.organizations, sequence),
      keysById: new ValuesAt(this.keys, sequence),
    };
  }

  /**
   * Returns the rules at a time. Before the first release that published them, these are its rules, because those of
   * earlier releases are not recorded. Undefined if no release has published any.
   */
  policyAt(sequence: number): PublishedPolicy | undefined {
    return this.policies.at(sequence) ?? this.policies.first;
  }

  /** Returns the event that granted a right, by its ID. */
  grant(eventId: string): Grant | undefined {
    return this.grants.get(eventId);
  }

  /** Returns the IDs of all who were ever members of an organization, and of all who were ever global admins. */
  candidates(organizationId: string): ReadonlySet<string> {
    return new Set([...(this.organizations.get(organizationId)?.members.keys() ?? []), ...this.everAdmins]);
  }

  /** Returns the members of an organization at a moment, without those whose membership had ended. */
  membersAt(organizationId: string, { sequence, nowMs }: Moment): ReadonlyMap<string, Readonly<DirectoryMember>> {
    const members = new Map<string, DirectoryMember>();
    for (const [id, timeline] of this.organizations.get(organizationId)?.members ?? []) {
      const member = timeline.at(sequence);
      if (member && nowMs < (member.untilMs ?? Number.POSITIVE_INFINITY)) members.set(id, member);
    }
    return members;
  }

  /**
   * Returns the position from which on a member of the organization has been one without interruption, up to `sequence`.
   */
  memberSince(organizationId: string, memberId: string, sequence: number): number | undefined {
    const timeline = this.organizations.get(organizationId)?.members.get(memberId);
    return timeline?.since(sequence, (member) => member !== undefined);
  }

  /** Returns the ID of the last service member with a name, who may have been removed since. */
  serviceMember(organizationId: string, name: string): string | undefined {
    const members = this.organizations.get(organizationId)?.members ?? [];
    return [...members].findLast(([, { all }]) => all.some((member) => member?.name === name))?.[0];
  }

  /** Returns the name that a service member has, or had last; undefined for people. */
  serviceName(organizationId: string, memberId: string): string | undefined {
    const timeline = this.organizations.get(organizationId)?.members.get(memberId);
    return timeline?.all.findLast((member) => member?.kind === 'service')?.name;
  }

  /** Returns all access keys that a member has ever had in an organization. */
  keysOf(organizationId: string, memberId: string): readonly Readonly<DirectoryKey>[] {
    return [...(this.memberKeys.get(`${organizationId} ${memberId}`) ?? [])].flatMap(
      (id) => this.keys.get(id)?.last ?? [],
    );
  }

  /**
   * Returns the moments at which a right of a member in an organization could have changed, in order: events about the
   * user, the member, the organization, a key, or the rules; and the ends of what was granted until a time.
   *
   * @param keyId also the changes of this key
   */
  changes(organizationId: string, memberId: string, keyId?: string): readonly Moment[] {
    const organization = this.organizations.get(organizationId);
    const member = organization?.members.get(memberId);
    const key = keyId === undefined ? undefined : this.keys.get(keyId);
    const timelines = [this.users.get(memberId), organization?.states, member, key, this.policies];
    const sequences = new Set(timelines.flatMap((timeline) => timeline?.sequences ?? []));
    const values = [...(member?.all ?? []), ...(key?.all ?? [])];
    const ends = new Set(values.flatMap((value) => (value ? endsOf(value) : [])));
    const moments = [
      ...[...sequences].map((sequence) => this.momentAt(sequence)),
      ...[...ends].flatMap((endMs) => this.endAt(endMs) ?? []),
    ];
    return moments.toSorted((a, b) => a.sequence - b.sequence || a.nowMs - b.nowMs);
  }

  /** Returns the moment at which something that was granted until a time ends by itself. */
  endAt(timeMs: number): Moment | undefined {
    const moment = this.asOfTime(timeMs);
    return moment && { ...moment, isTime: true };
  }

  /** Returns the moment right after the event at `sequence`. */
  momentAt(sequence: number): Moment {
    return { sequence, nowMs: this.recordedMs[lastUpTo(this.sequences, sequence)] ?? 0 };
  }

  /** Returns whether a user with this ID has ever been registered. */
  isUser(id: string): boolean {
    return this.users.has(id);
  }

  private rememberOrganization(id: string, sequence: number, names: readonly string[]): void {
    const found = this.directory.organizations.get(id);
    if (!found) return;
    const history = this.organizations.get(id) ?? { states: new Timeline(), members: new Map() };
    this.organizations.set(id, history);
    const { members, ...state } = found;
    if (!isSame(history.states.last, state)) history.states.set(sequence, state);
    const touched = state.status === 'DELETED' ? history.members.keys() : names;
    for (const name of touched) {
      const member = members.get(name);
      if (member || history.members.has(name)) timelineOf(history.members, name).set(sequence, member && { ...member });
    }
  }

  private noteTime(sequence: number, timeMs: number): void {
    this.sequences.push(sequence);
    this.recordedMs.push(timeMs);
    this.times.push(timeMs);
    for (let index = this.times.length - 2; (this.times[index] ?? 0) > timeMs; index--) this.times[index] = timeMs;
  }
}

/** The values of some timelines after the event at `sequence`, by ID. */
class ValuesAt<T> {
  constructor(
    private readonly timelines: ReadonlyMap<string, Timeline<T>>,
    private readonly sequence: number,
  ) {}

  get(id: string): T | undefined {
    return this.timelines.get(id)?.at(this.sequence);
  }
}

/** Organizations after the event at `sequence`, by ID. */
class OrganizationsAt {
  constructor(
    private readonly histories: ReadonlyMap<string, OrganizationHistory>,
    private readonly sequence: number,
  ) {}

  get(id: string): OrganizationRights | undefined {
    const history = this.histories.get(id);
    const state = history?.states.at(this.sequence);
    if (!history || !state) return undefined;
    const { slug, status, settings } = state;
    return { id, slug, status, settings, members: new ValuesAt(history.members, this.sequence) };
  }
}

/** Returns the texts in the data of an event, among which are the IDs of what it changes. */
const namesIn = (data: unknown): readonly string[] =>
  typeof data === 'object' && data !== null ? Object.values(data).filter((value) => typeof value === 'string') : [];

/** Returns the times at which something ends by itself: milliseconds since 1970. */
const endsOf = (value: DirectoryMember | DirectoryKey): number[] => {
  const ends = 'created' in value ? [value.expiresAtMs] : [value.untilMs, value.auditUntil];
  return ends.filter((time) => time !== undefined && Number.isFinite(time)) as number[]; // the filter leaves numbers
};

function timelineOf<T>(map: Map<string, Timeline<T>>, id: string): Timeline<T> {
  const timeline = map.get(id) ?? new Timeline<T>();
  map.set(id, timeline);
  return timeline;
}

function setOf(map: Map<string, Set<string>>, name: string): Set<string> {
  const found = map.get(name) ?? new Set();
  map.set(name, found);
  return found;
}

function isSame(a: OrganizationAt | undefined, b: OrganizationAt): boolean {
  if (a === undefined) return false;
  const names = new Set([...Object.keys(a), ...Object.keys(b)]) as Set<keyof OrganizationAt>; // the keys of both
  return [...names].every((name) => a[name] === b[name]);
}
