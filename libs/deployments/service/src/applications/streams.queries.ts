import {
  Caller,
  Cancelled,
  Input,
  refuse,
  orThrow,
  reply,
  Serves,
  type OrganizationContext,
  type ContextOf,
  type ReplyTo,
} from '#bus';
import type { InputOf, OutputOf } from '#bus/contract';
import {
  applicationEventsRequest,
  applicationLogsRequest,
  applicationResourcesRequest,
  applicationTopRequest,
  watchRequest,
} from '#deployments/contract';
import { EVENT_STORE, type EventStore } from '#event-store';
import { READ_MODELS, type ReadModels } from '#event-sourcing';
import { err, keptPosition, ok, type DomainError, type Position, type Result } from '#kernel';
import { Controller, Inject } from '@nestjs/common';
import { deploymentsErrors } from '../deployments.errors.ts';
import { OrganizationLookup } from '../shared/organization-lookup.service.ts';
import { ApplicationViews } from './application-views.service.ts';
import { ApplicationChanges, type ApplicationChange } from './application-changes.service.ts';
import type { ApplicationDocument } from './application-document.ts';
import { applicationsProjection } from './applications.projection.ts';
import type { EventLine } from './event-line.ts';
import { eventLinesProjection } from './events.projection.ts';
import { LiveStatus } from './live-status.service.ts';

type EventsInput = InputOf<typeof applicationEventsRequest>;
type EventOut = OutputOf<typeof applicationEventsRequest>;
type Watched = OutputOf<typeof watchRequest>;

/** Documents of one query to the read model. */
const LINES_AT_ONCE = 500;

interface EventsRange {
  readonly document: ApplicationDocument;
  /** Position after which to start. */
  readonly from: Position | undefined;
  readonly limit: number;
  /** Whether to continue with new events. */
  readonly follow: boolean;
}

/** Streams events, logs and changes. An error is returned before the first item. */
@Controller()
export class StreamsQueries {
  constructor(
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(EVENT_STORE) private readonly eventStore: EventStore,
    @Inject(ApplicationChanges) private readonly applications: ApplicationChanges,
    @Inject(OrganizationLookup) private readonly organizations: OrganizationLookup,
    @Inject(ApplicationViews) private readonly views: ApplicationViews,
    @Inject(LiveStatus) private readonly live: LiveStatus,
  ) {}

  @Serves(applicationResourcesRequest)
  async resources(
    @Input() { name }: InputOf<typeof applicationResourcesRequest>,
    @Caller() context: ContextOf<typeof applicationResourcesRequest>,
  ): Promise<ReplyTo<typeof applicationResourcesRequest>> {
    const found = await this.find(name, context, false);
    if (!found.ok) return refuse(found.error);
    const resources = await this.live.resources(found.value, context);
    return resources.ok ? reply(resources.value) : refuse(resources.error);
  }

  @Serves(applicationTopRequest)
  async top(
    @Input() { name }: InputOf<typeof applicationTopRequest>,
    @Caller() context: ContextOf<typeof applicationTopRequest>,
  ): Promise<ReplyTo<typeof applicationTopRequest>> {
    const found = await this.find(name, context, false);
    if (!found.ok) return refuse(found.error);
    const use = await this.live.top(found.value, context);
    return use.ok ? reply(use.value) : refuse(use.error);
  }

  @Serves(applicationLogsRequest)
  async logs(
    @Input() { name, follow, previous, sinceSeconds, tail, container }: InputOf<typeof applicationLogsRequest>,
    @Caller() context: ContextOf<typeof applicationLogsRequest>,
    @Cancelled() signal: AbortSignal,
  ): Promise<AsyncIterable<OutputOf<typeof applicationLogsRequest>>> {
    const document = orThrow(await this.find(name, context, false));
    const options = {
      follow,
      previous,
      ...(sinceSeconds !== undefined && { sinceSeconds }),
      ...(tail !== undefined && { tail }),
      ...(container !== undefined && { container }),
    };
    return this.live.logs(document, options, context, signal);
  }

  @Serves(applicationEventsRequest)
  async events(
    @Input() { name, kubernetes, follow, after, limit }: EventsInput,
    @Caller() context: ContextOf<typeof applicationEventsRequest>,
    @Cancelled() signal: AbortSignal,
  ): Promise<AsyncIterable<EventOut>> {
    const from = orThrow(keptPosition(after, this.eventStore.storeId));
    const document = orThrow(await this.find(name, context, !kubernetes));
    return kubernetes
      ? this.live.events(document, follow, context, signal)
      : this.platformEvents(
          { document, from, limit: follow ? Number.POSITIVE_INFINITY : limit, follow },
          context,
          signal,
        );
  }

  @Serves(watchRequest)
  async watch(
    @Input() { application, after, follow }: InputOf<typeof watchRequest>,
    @Caller() context: ContextOf<typeof watchRequest>,
    @Cancelled() signal: AbortSignal,
  ): Promise<AsyncIterable<Watched>> {
    const { organizationId } = context;
    const from = orThrow(keptPosition(after, this.eventStore.storeId));
    if (follow) return this.changes({ organizationId, application, from }, context, signal);
    return this.present({ organizationId, application });
  }

  /** Yields what is stored, then what follows, without duplicates or gaps. */
  private async *platformEvents(
    { document, from, limit, follow }: EventsRange,
    context: OrganizationContext,
    signal: AbortSignal,
  ): AsyncGenerator<EventOut> {
    const now = await this.eventStore.head();
    let left = limit;
    for await (const lines of this.storedLines(document.id, from, now, limit)) {
      const nameOf = await this.organizations.namesOf(
        lines.map(({ actor }) => actor),
        context,
      );
      for (const line of lines.slice(0, left)) {
        if (signal.aborted) return;
        yield shown(line, nameOf(line.actor));
      }
      left -= lines.length;
      if (left <= 0) return;
    }
    if (!follow) return;
    const nameOf = this.organizations.namesIn(context);
    const { organizationId } = document;
    const isOfIt = ({ line, isProgress }: ApplicationChange): boolean =>
      !isProgress && line.applicationId === document.id;
    const after = from !== undefined && from > now ? from : now;
    for await (const { line } of this.applications.after(after, organizationId, signal, isOfIt))
      yield shown(line, await nameOf(line.actor));
  }

  /** Yields what is stored after `from` and up to `now`, in pages not much larger than the limit. */
  private async *storedLines(
    applicationId: string,
    from: Position | undefined,
    now: Position,
    limit: number,
  ): AsyncGenerator<readonly EventLine[]> {
    let cursor: string | undefined;
    do {
      const query = {
        where: { applicationId },
        ...(from !== undefined && { range: { field: 'position', from } }),
        limit: Math.min(limit + 1, LINES_AT_ONCE), // including the line at `from`
        ...(cursor !== undefined && { cursor }),
      };
      const page = orThrow(await this.readModels.find(eventLinesProjection, query, now));
      yield page.items
        .map(({ document }) => document)
        .filter(({ position }) => position <= now && (from === undefined || position > from));
      cursor = page.next;
    } while (cursor !== undefined);
  }

  /** Yields one entry for each application in its present state. */
  private async *present({
    organizationId,
    application,
  }: {
    readonly organizationId: string;
    readonly application: string | undefined;
  }): AsyncGenerator<Watched> {
    let cursor: string | undefined;
    do {
      const query = {
        where: { organizationId, deleted: false },
        limit: LINES_AT_ONCE,
        ...(cursor !== undefined && { cursor }),
      };
      const { items, next } = orThrow(await this.readModels.find(applicationsProjection, query));
      for (const { document, position } of items) {
        if (application === undefined || document.name === application)
          yield watched(document, position, {
            step: 'requested',
            time: document.updatedAt,
            revision: document.revision,
            message: document.message ?? '',
            code: document.code,
          });
      }
      cursor = next;
    } while (cursor !== undefined);
  }

  private async *changes(
    {
      organizationId,
      application,
      from,
    }: {
      readonly organizationId: string;
      readonly application: string | undefined;
      readonly from: Position | undefined;
    },
    context: OrganizationContext,
    signal: AbortSignal,
  ): AsyncGenerator<Watched> {
    const start = from ?? context.consistency ?? (await this.eventStore.head());
    const isWatched = ({ document }: ApplicationChange): boolean =>
      document !== undefined && (application === undefined || document.name === application);
    for await (const { line, document } of this.applications.after(start, organizationId, signal, isWatched))
      if (document) yield watched(document, line.position, line);
  }

  private async find(
    name: string,
    context: OrganizationContext,
    deleted: boolean,
  ): Promise<Result<ApplicationDocument, DomainError>> {
    const { organizationId } = context;
    const found = await this.views.find(organizationId, name, context.consistency, deleted);
    if (!found.ok) return found;
    return found.value ? ok(found.value) : err(deploymentsErrors.applicationNotFound(name));
  }
}

const shown = ({ time, step, revision, message, position, kept }: EventLine, by: string): EventOut => ({
  source: 'platform',
  time,
  step,
  version: versionOf({ revision }),
  by,
  message,
  position,
  ...(kept && { kept: [...kept] }),
});

const watched = (
  document: ApplicationDocument,
  position: Position,
  line: Pick<EventLine, 'step' | 'time' | 'revision' | 'message' | 'code'>,
): Watched => ({
  position,
  time: line.time,
  application: document.name,
  version: versionOf(line),
  step: line.step,
  status: document.status,
  attemptId: document.attempt?.id ?? null,
  message: line.message,
  code: line.code,
});

/** Returns the version of an event, or undefined if it concerns no revision, such as a change of health. */
const versionOf = ({ revision }: Pick<EventLine, 'revision'>): string => (revision === 0 ? '-' : `v${revision}`);
