import type { AuditEntry } from '#audit/contract';
import { BUS, type Bus, type RequestContext } from '#bus';
import { READ_MODELS, type ReadModels } from '#event-sourcing';
import { clientAddressesRequest, peopleById, peopleRequest } from '#identity/contract';
import { ok, type DomainError, type Position, type Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { indexed, matches, placeOf, PLATFORM, type Entry, type EntryFilter } from './entry.ts';
import { logProjection, type StoredEntry } from './log.projection.ts';
import { nameId, namesProjection } from './names.projection.ts';

/** Entries of one query to the read model. */
const CHUNK = 500;
/** Entries that one page examines at most. A page of rare matches is then short, and says where to continue. */
const EXAMINED = 10_000;
/** Objects of one name that a filter selects at most, such as applications that were deleted and created again. */
const MAX_NAMED = 20;
/** After every place: places begin with a digit. */
const END = '~';

interface Selection {
  readonly field: 'byTime' | 'byActor' | 'byAction' | 'byObject' | 'byRefusal';
  readonly values: readonly string[];
}

/** Part of the log, newest first. */
export interface EntryPage {
  readonly entries: readonly Entry[];
  /** Place after which the next page continues; absent after the last page. */
  readonly next?: string;
}

/** Reads the audit log, and replaces its IDs by names. */
@Injectable()
export class AuditLog {
  constructor(
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(BUS) private readonly bus: Bus,
  ) {}

  /**
   * Returns a page of entries that match, newest first.
   *
   * @param scope ID of the organization, or `PLATFORM`
   * @param before place of the last entry of the previous page
   * @param atLeast a position that the log must include
   */
  async page(
    scope: string,
    filter: EntryFilter,
    { limit, before, atLeast }: { readonly limit: number; readonly before?: string; readonly atLeast: Position },
  ): Promise<Result<EntryPage, DomainError>> {
    const selection = selectionOf(filter);
    const entries: Entry[] = [];
    let upTo = before ?? (filter.until === undefined ? END : `${filter.until} ${END}`);
    for (let examined = 0; examined < EXAMINED;) {
      const chunk = await this.chunk(scope, selection, { since: filter.since ?? '', upTo, atLeast });
      if (!chunk.ok) return chunk;
      for (const entry of chunk.value.entries) {
        examined += 1;
        upTo = placeOf(entry);
        if (!matches(entry, filter)) continue;
        entries.push(entry);
        if (entries.length === limit) return ok({ entries, next: upTo });
      }
      if (chunk.value.isLast) return ok({ entries });
    }
    return ok({ entries, next: upTo });
  }

  /** Returns the IDs of objects for `kind/name`, or `kind/id` itself. */
  async objectsNamed(scope: string, object: string): Promise<Result<readonly string[], DomainError>> {
    const found = await this.readModels.find(namesProjection, {
      where: { named: `${scope} ${object}` },
      limit: MAX_NAMED,
    });
    if (!found.ok) return found;
    return ok([object, ...found.value.items.map(({ document }) => document.object)]);
  }

  /** Returns entries as people see them. If names are unavailable, IDs are shown: a view does not fail for that reason. */
  async shown(entries: readonly Entry[], scope: string, context: RequestContext): Promise<readonly AuditEntry[]> {
    const [names, addresses] = await Promise.all([
      this.namesOf(entries, scope, context),
      this.addressesOf(entries, context),
    ]);
    return entries.map((entry) => ({
      position: entry.position,
      time: entry.time,
      who: names(`member/${entry.actor}`),
      whoId: entry.actor,
      action: entry.action,
      object: entry.object === null ? null : `${kindOf(entry.object)}/${names(entry.object)}`,
      objectId: entry.object,
      right: entry.right,
      permission: entry.permission,
      grantedBy: entry.grantedBy,
      credential: entry.credential,
      keyId: entry.keyId,
      result: entry.result,
      count: entry.count,
      network: entry.network,
      address: (entry.addressId !== null && addresses[entry.addressId]) || null,
      requestId: entry.requestId,
      causedBy: entry.causedBy,
      eventId: entry.eventId,
      message: Object.entries(entry.details)
        .map(([name, value]) => (PEOPLE_MEMBERS.includes(name) ? names(`member/${value}`) : `${name} ${value}`))
        .join(', '),
    }));
  }

  /** Returns the entries of all selected values below a place, in the order of the log. */
  private async chunk(
    scope: string,
    { field, values }: Selection,
    { since, upTo, atLeast }: { readonly since: string; readonly upTo: string; readonly atLeast: Position },
  ): Promise<Result<{ readonly entries: readonly StoredEntry[]; readonly isLast: boolean }, DomainError>> {
    const merged: StoredEntry[] = [];
    let complete = ''; // place above which all values were read
    for (const value of values) {
      const found = await this.readModels.find(
        logProjection,
        {
          range: { field, from: indexed(scope, value, since), to: indexed(scope, value, upTo) },
          sort: { field, direction: 'descending' },
          limit: CHUNK,
        },
        atLeast,
      );
      if (!found.ok) return found;
      const { items } = found.value;
      const last = items.at(-1);
      if (items.length === CHUNK && last && placeOf(last.document) > complete) complete = placeOf(last.document);
      merged.push(...items.map(({ document }) => document).filter((entry) => placeOf(entry) < upTo)); // `to` is inclusive
    }
    const entries = merged
      .filter((entry) => placeOf(entry) >= complete)
      .toSorted((a, b) => (placeOf(a) < placeOf(b) ? 1 : -1));
    return ok({ entries, isLast: complete === '' });
  }

  private async namesOf(
    entries: readonly Entry[],
    scope: string,
    context: RequestContext,
  ): Promise<(object: string) => string> {
    const objects = new Set<string>();
    for (const { actor, object, details } of entries) {
      objects.add(`member/${actor}`);
      if (object !== null) objects.add(object);
      for (const name of PEOPLE_MEMBERS) if (details[name] !== undefined) objects.add(`member/${details[name]}`);
    }
    const known = new Map<string, string>();
    await Promise.all(
      [...objects].map(async (object) => {
        if (idIn(object).startsWith('system:')) return void known.set(object, 'platform');
        const found = await this.readModels.get(namesProjection, nameId(scope, object));
        if (found.ok && found.value) known.set(object, found.value.document.name);
      }),
    );
    const people = [...objects].filter((object) => !known.has(object) && PERSON_KINDS.includes(kindOf(object)));
    const found = await peopleById(this.bus, [...new Set(people.map(idIn))], context);
    for (const object of people) {
      const person = found.ok ? found.value.get(idIn(object)) : undefined;
      if (person) known.set(object, person.erased ? 'erased user' : (person.email ?? person.name ?? person.id));
    }
    return (object) => known.get(object) ?? idIn(object);
  }

  private async addressesOf(
    entries: readonly Entry[],
    context: RequestContext,
  ): Promise<Readonly<Record<string, string>>> {
    const records = new Map<string, { readonly userId: string; readonly id: string }>();
    for (const { actor, addressId } of entries)
      if (addressId !== null) records.set(addressId, { userId: actor, id: addressId });
    if (records.size === 0) return {};
    const found = await this.bus.request(
      clientAddressesRequest,
      { records: [...records.values()] },
      this.bus.own(context),
    );
    return found.ok ? found.value.addresses : {};
  }

  /** Returns the ID for an address, a name, or an ID; undefined if nobody has that address. */
  async actorNamed(
    who: string,
    scope: string,
    context: RequestContext,
  ): Promise<Result<string | undefined, DomainError>> {
    if (who === PLATFORM) return ok(PLATFORM);
    if (who.includes('@')) {
      const found = await this.bus.request(peopleRequest, { ids: [], email: who }, this.bus.own(context));
      return found.ok ? ok(found.value.people[0]?.id) : found;
    }
    const named = await this.objectsNamed(scope, `member/${who}`);
    return named.ok ? ok(idIn(named.value[1] ?? `member/${who}`)) : named;
  }
}

/** Members of details that contain the ID of a person or service member. */
const PEOPLE_MEMBERS: readonly string[] = ['memberId', 'userId'];
const PERSON_KINDS: readonly string[] = ['member', 'user'];

const kindOf = (object: string): string => object.slice(0, object.indexOf('/'));
const idIn = (object: string): string => object.slice(object.indexOf('/') + 1);

/** Chooses the index with the fewest entries for a filter. The other filters are applied to what it finds. */
function selectionOf({ objects, actor, action, result }: EntryFilter): Selection {
  if (objects !== undefined) return { field: 'byObject', values: objects };
  if (result === 'refused' && actor === undefined) return { field: 'byRefusal', values: [''] };
  if (actor !== undefined) return { field: 'byActor', values: [actor] };
  if (action !== undefined) return { field: 'byAction', values: [action] };
  return { field: 'byTime', values: [''] };
}
