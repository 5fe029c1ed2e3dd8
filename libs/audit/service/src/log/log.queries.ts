import { auditLogRequest, exportAuditLogRequest, platformAuditLogRequest, type AuditEntry } from '#audit/contract';
import { defaultLimits, plansOf } from '#billing/contract';
import {
  BUS,
  Caller,
  Cancelled,
  DomainErrorException,
  Input,
  orThrow,
  Serves,
  type Bus,
  type ContextOf,
  type RequestContext,
} from '#bus';
import type { InputOf, OutputOf } from '#bus/contract';
import { EVENT_STORE, type EventStore } from '#event-store';
import { EventReader, haltRefusal, isHalt, LOG_FEED, type LogFeed } from '#event-sourcing';
import { CLOCK, EVERY_EVENT, keptPosition, type Clock, type Position } from '#kernel';
import { Controller, Inject } from '@nestjs/common';
import { LogReaders } from '../access/log-readers.service.ts';
import { entryOf, matches, PLATFORM, type Entry, type EntryFilter } from './entry.ts';
import { logErrors } from './log.errors.ts';
import { AuditLog } from './log.service.ts';

type ListInput = Omit<InputOf<typeof auditLogRequest>, 'org'>;
type Filters = Pick<ListInput, 'who' | 'action' | 'object' | 'result' | 'right' | 'since' | 'until'>;
type Item = OutputOf<typeof auditLogRequest>;

const DAY_MS = 24 * 60 * 60 * 1000;
/** Entries of an export whose names are looked up together. */
const EXPORTED_AT_ONCE = 500;
/** Form of a place: the cursor of the gateway is signed, that of a service is not. */
const PLACE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \d{20}$/;

/** Lists, follows, and exports the audit log. An error is returned before the first item. */
@Controller()
export class LogQueries {
  private readonly reader = new EventReader(EVERY_EVENT);

  constructor(
    @Inject(AuditLog) private readonly log: AuditLog,
    @Inject(LogReaders) private readonly readers: LogReaders,
    @Inject(EVENT_STORE) private readonly eventStore: EventStore,
    @Inject(LOG_FEED) private readonly feed: LogFeed,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Serves(auditLogRequest)
  async list(
    @Input() input: InputOf<typeof auditLogRequest>,
    @Caller() context: ContextOf<typeof auditLogRequest>,
    @Cancelled() signal: AbortSignal,
  ): Promise<AsyncIterable<Item>> {
    const { organizationId } = context;
    const filter = await this.filterOf(input, organizationId, context);
    const plan = await this.historyStart(organizationId, context);
    if (plan.start !== undefined && filter.since !== undefined && filter.since < plan.start)
      throw new DomainErrorException(logErrors.historyLimit(plan.days, plan.name));
    const shown = { ...filter, since: filter.since ?? plan.start };
    return this.items(input, organizationId, shown, context, signal);
  }

  @Serves(platformAuditLogRequest)
  async listPlatform(
    @Input() input: InputOf<typeof platformAuditLogRequest>,
    @Caller() context: ContextOf<typeof platformAuditLogRequest>,
    @Cancelled() signal: AbortSignal,
  ): Promise<AsyncIterable<Item>> {
    return this.items(input, PLATFORM, await this.filterOf(input, PLATFORM, context), context, signal);
  }

  /** The days of history of a plan do not limit the export. */
  @Serves(exportAuditLogRequest)
  async export(
    @Input() input: InputOf<typeof exportAuditLogRequest>,
    @Caller() context: ContextOf<typeof exportAuditLogRequest>,
    @Cancelled() signal: AbortSignal,
  ): Promise<AsyncIterable<AuditEntry>> {
    const { organizationId } = context;
    orThrow(await this.readers.checkExport(context));
    const filter = await this.filterOf(input, organizationId, context);
    const atLeast = context.consistency ?? (await this.eventStore.head());
    return this.all(organizationId, filter, atLeast, context, signal);
  }

  private async items(
    { follow, after, limit, cursor }: ListInput,
    scope: string,
    filter: EntryFilter,
    context: RequestContext,
    signal: AbortSignal,
  ): Promise<AsyncIterable<Item>> {
    if (follow) {
      const from =
        orThrow(keptPosition(after, this.eventStore.storeId)) ?? context.consistency ?? (await this.eventStore.head());
      return this.following(scope, filter, from, context, signal);
    }
    if (cursor !== undefined && !PLACE.test(cursor)) throw new DomainErrorException(logErrors.cursorInvalid());
    const page = orThrow(
      await this.log.page(scope, filter, {
        limit,
        ...(cursor !== undefined && { before: cursor }),
        atLeast: context.consistency ?? (await this.eventStore.head()),
      }),
    );
    const shown = await this.log.shown(page.entries, scope, context);
    return itemsOf(shown, page.next);
  }

  /** Yields new entries that match, until the signal aborts or the caller may no longer see them. */
  private async *following(
    scope: string,
    filter: EntryFilter,
    from: Position,
    context: RequestContext,
    signal: AbortSignal,
  ): AsyncGenerator<Item> {
    try {
      for await (const { events, faults } of this.feed.follow(from, signal)) {
        const found: Entry[] = [];
        for (const stored of events) {
          if ((stored.organizationId ?? PLATFORM) !== scope) continue;
          const recorded = this.reader.read(stored, faults);
          const entry = recorded && entryOf(recorded);
          if (entry && matches(entry, filter)) found.push(entry);
        }
        if (found.length === 0) continue;
        // The role may have changed since the stream began; that the permission has not ended, the guard checks.
        const isNarrowed = await this.seesOwnOnly(scope, context);
        const seen = isNarrowed ? found.filter(({ actor }) => actor === context.actor.id) : found;
        yield* await this.log.shown(seen, scope, context);
      }
    } catch (error) {
      throw isHalt(error) ? new DomainErrorException(haltRefusal(error)) : error;
    }
  }

  private async *all(
    scope: string,
    filter: EntryFilter,
    atLeast: Position,
    context: RequestContext,
    signal: AbortSignal,
  ): AsyncGenerator<AuditEntry> {
    let before: string | undefined;
    do {
      const page = orThrow(
        await this.log.page(scope, filter, {
          limit: EXPORTED_AT_ONCE,
          atLeast,
          ...(before !== undefined && { before }),
        }),
      );
      yield* await this.log.shown(page.entries, scope, context);
      before = page.next;
    } while (before !== undefined && !signal.aborted);
  }

  /** Replaces names by IDs, and restricts callers who may see only their own actions to these. */
  private async filterOf(
    { who, action, object, result, right, since, until }: Filters,
    scope: string,
    context: RequestContext,
  ): Promise<EntryFilter> {
    const own = (await this.seesOwnOnly(scope, context)) ? context.actor.id : undefined;
    const named = who === undefined ? undefined : orThrow(await this.log.actorNamed(who, scope, context));
    if (own !== undefined && who !== undefined && named !== own)
      throw new DomainErrorException(logErrors.ownActionsOnly());
    if (who !== undefined && named === undefined) throw new DomainErrorException(logErrors.unknownPerson(who));
    return {
      actor: own ?? named,
      action,
      ...(object !== undefined && { objects: orThrow(await this.log.objectsNamed(scope, object)) }),
      result,
      right,
      since: since && new Date(since).toISOString(),
      until: until && new Date(until).toISOString(),
    };
  }

  /** Returns from when on the plan lists entries; those of the default plan if billing does not respond. */
  private async historyStart(
    organizationId: string,
    context: RequestContext,
  ): Promise<{ readonly start: string | undefined; readonly days: number; readonly name: string }> {
    const plan = (await plansOf(this.bus, [organizationId], context)).get(organizationId);
    const days = plan === undefined ? defaultLimits().auditDaysShown : plan.auditDaysShown;
    return {
      start: days === null ? undefined : new Date(this.clock.now() - days * DAY_MS).toISOString(),
      days: days ?? 0,
      name: plan?.plan ?? 'developer',
    };
  }

  private async seesOwnOnly(scope: string, { principal }: RequestContext): Promise<boolean> {
    return scope !== PLATFORM && !orThrow(await this.readers.readsWholeLog({ principal, organizationId: scope }));
  }
}

async function* itemsOf(entries: readonly AuditEntry[], next: string | undefined): AsyncGenerator<Item> {
  yield* entries;
  if (next !== undefined) yield { next };
}
