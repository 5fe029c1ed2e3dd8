import { ACCESS, type AccessSource } from '#access';
import { BUS, type Bus } from '#bus';
import type { PinnedSource, ResolvedSpec } from '#deployments/contract';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import {
  CLOCK,
  IDS,
  LOGGER,
  ok,
  type Clock,
  type CommandContext,
  type DomainError,
  type Ids,
  type Logger,
  type Result,
  type Timer,
} from '#kernel';
import type { SourcePin } from '#sources';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { applicationDecider, applicationStream } from '../applications/application.decider.ts';
import type { Application, Revision } from '../applications/application.ts';
import { reconfigured } from '../applications/configuration.service.ts';
import { RevisionContent } from '../applications/revision-content.service.ts';
import { SourcePins } from '../applications/source-pins.service.ts';
import { trackedRevision, waitsForRollout, type TrackSource } from '../applications/track-source.ts';
import { catalogDecider, catalogStream, utcDay } from '../catalog/catalog.decider.ts';
import { canMove, isSamePin, lookupKey, pinnedIn, repinned, sourceChange } from '../resolve/remote-source.ts';
import { VaultRecords } from '../shared/vault-records.service.ts';

/** An application whose source may have changed. */
export interface Tracked {
  readonly organizationId: string;
  readonly applicationId: string;
}

/** An application whose source is looked up now, with the content of its latest revision. */
interface Ready extends Tracked {
  readonly application: Application;
  readonly latest: Revision;
  readonly content: ResolvedSpec;
  readonly source: PinnedSource;
}

/** Maximum number of requested checks that this process makes at the same time. */
const AT_ONCE = 4;
/** Milliseconds until a requested check is repeated because the application is being deployed. */
const AGAIN_MS = 10_000;
/** Maximum number of characters of a problem in an event. */
const PROBLEM_CHARACTERS = 500;
const LIMIT_REACHED = 'all deployments of today that the plan allows are used; it is tried again tomorrow (UTC)';
/** Codes of a source that refuses the look-up or does not respond. Other problems are the platform's own. */
const OF_SOURCE = /^(sources\/|clusters\/egress-)/;

/** Deploys changes of sources, for applications with `syncPolicy.auto`. */
@Injectable()
export class SourceTracking implements OnModuleDestroy {
  private readonly waiting = new Map<string, Tracked>();
  private readonly running = new Set<Promise<void>>();
  /** Checks that wait for the end of a rollout, by application. */
  private readonly delayed = new Map<string, Timer>();

  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: Ids,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(ACCESS) private readonly access: AccessSource,
    @Inject(RevisionContent) private readonly contents: RevisionContent,
    @Inject(VaultRecords) private readonly records: VaultRecords,
    @Inject(SourcePins) private readonly pins: SourcePins,
  ) {}

  /**
   * Looks up a source once, for all given applications that have it, and deploys it where it has changed. Leaves out
   * applications that are paused, pinned, or being deployed, those that follow another source by now, and those of an
   * organization that is being deleted.
   * @param key of the source, see `lookupKey`; that of the first application if omitted
   * @returns false if the source refused the look-up or did not respond
   */
  async check(applications: readonly Tracked[], key?: string): Promise<boolean> {
    let pin: Result<SourcePin, DomainError> | undefined;
    let wanted = key;
    for (const tracked of applications) {
      const ready = await this.ready(tracked);
      if (!ready.ok) this.failed(tracked, ready.error);
      if (!ready.ok || !ready.value) continue;
      const { organizationId } = tracked;
      const own = lookupKey(organizationId, ready.value.source);
      wanted ??= own;
      if (own !== wanted) continue; // the next sweep looks it up
      pin ??= await this.pins.present(ready.value.source, { organizationId, correlationId: this.ids.uuid() });
      const recorded = await this.record(ready.value, pin);
      if (!recorded.ok) this.failed(tracked, recorded.error);
    }
    return !pin || pin.ok || !OF_SOURCE.test(pin.error.code);
  }

  /**
   * Checks one application soon, and again when a rollout that is in progress has ended. A check that is waiting already
   * is not repeated. After a restart, the sweep makes it.
   */
  request(tracked: Tracked): void {
    this.waiting.set(tracked.applicationId, tracked);
    this.start();
  }

  async onModuleDestroy(): Promise<void> {
    this.waiting.clear();
    await Promise.all(this.running);
    for (const timer of this.delayed.values()) timer.cancel();
  }

  private start(): void {
    const [next] = this.waiting.values();
    if (!next || this.running.size >= AT_ONCE) return;
    this.waiting.delete(next.applicationId);
    const work = this.check([next])
      .then(() => this.repeatAfterRollout(next))
      .catch((error: unknown) => this.failed(next, { code: error instanceof Error ? error.name : String(error) }))
      .finally(() => {
        this.running.delete(work);
        this.start();
      });
    this.running.add(work);
  }

  private async repeatAfterRollout(tracked: Tracked): Promise<void> {
    const { applicationId } = tracked;
    const loaded = await this.commands.load(applicationDecider, applicationStream(applicationId));
    if (!loaded.ok || !waitsForRollout(loaded.value.state)) return;
    this.delayed.get(applicationId)?.cancel();
    const again = (): void => {
      this.delayed.delete(applicationId);
      this.request(tracked);
    };
    this.delayed.set(applicationId, this.clock.timer(AGAIN_MS, again));
  }

  private async ready(tracked: Tracked): Promise<Result<Ready | undefined, DomainError>> {
    const { organizationId, applicationId } = tracked;
    const directory = await this.access.current();
    if (!directory.ok) return directory;
    if (directory.value.organizations.get(organizationId)?.status !== 'ACTIVE') return ok(undefined);
    const loaded = await this.commands.load(applicationDecider, applicationStream(applicationId));
    if (!loaded.ok) return loaded;
    const latest = trackedRevision(loaded.value.state);
    if (!latest) return ok(undefined);
    const content = await this.contents.of(latest);
    if (!content.ok) return content;
    const source = pinnedIn(content.value?.source);
    if (!content.value || !source || !canMove(source)) return ok(undefined);
    return ok({ ...tracked, application: loaded.value.state, latest, content: content.value, source });
  }

  private async record(ready: Ready, pin: Result<SourcePin, DomainError>): Promise<Result<unknown, DomainError>> {
    const { organizationId, applicationId, latest, source } = ready;
    const context = this.bus.own({ organizationId });
    let found: TrackSource['found'];
    if (!pin.ok) {
      const { code, detail } = pin.error;
      if (!OF_SOURCE.test(code)) return pin;
      found = { type: 'failed', problem: { code, message: shown(detail) } };
    } else if (isSamePin(source.pin, pin.value)) found = { type: 'same' };
    else {
      const changed = await this.counted(ready, context, () =>
        this.changed(ready, repinned(source, pin.value), context.actor.id),
      );
      if (!changed.ok) return changed;
      found = changed.value;
    }
    const command = { type: 'track-source', revision: latest.revision, attemptId: this.ids.uuid(), found } as const;
    return this.commands.run(applicationDecider, applicationStream(applicationId), command, context);
  }

  /** Counts a deployment, unless the plan allows no further one today. Then a later check deploys the change. */
  private async counted(
    { organizationId, applicationId, latest }: Ready,
    context: CommandContext,
    deploy: () => Promise<Result<TrackSource['found'], DomainError>>,
  ): Promise<Result<TrackSource['found'], DomainError>> {
    const { name, profile } = latest;
    const day = utcDay(this.clock.now());
    const command = { type: 'count', kind: 'application', name, id: applicationId, refers: profile.id, day } as const;
    const counted = await this.commands.run(catalogDecider, catalogStream(organizationId), command, context);
    if (counted.ok) return deploy();
    const { code, kind } = counted.error;
    return kind === 'limit' ? ok({ type: 'failed', problem: { code, message: LIMIT_REACHED } }) : counted;
  }

  /** Stores the content of the next revision. If the revision is not recorded after all, a sweep removes it. */
  private async changed(
    { content, source, ...ready }: Ready,
    next: PinnedSource,
    by: string,
  ): Promise<Result<TrackSource['found'], DomainError>> {
    const { configuration, record } = reconfigured({
      ...ready,
      before: content,
      next: { ...content, source: next },
      by,
      isAdmin: false, // no admin has seen this content
    });
    const stored = await this.records.put(...record);
    const message = sourceChange(source, next);
    return stored.ok ? ok({ type: 'changed', configuration: { ...configuration, message } }) : stored;
  }

  private failed({ applicationId }: Tracked, { code }: { readonly code: string }): void {
    this.logger.warn({ applicationId, code }, 'the source of an application could not be checked for changes');
  }
}

const shown = (sentence: string): string => sentence.replace(/\.$/, '').slice(0, PROBLEM_CHARACTERS);
