import { READ_MODELS, type ReadModels, type Sweep } from '#event-sourcing';
import { CLOCK, LOGGER, type Clock, type Logger } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import type { ApplicationDocument } from '../applications/application-document.ts';
import { applicationsProjection } from '../applications/applications.projection.ts';
import { RevisionContent } from '../applications/revision-content.service.ts';
import { canMove, lookupKey, pinnedIn } from '../resolve/remote-source.ts';
import { everyDocument } from '../shared/pages.service.ts';
import { PollTimes } from './poll-times.ts';
import { SourceTracking, type Tracked } from './source-tracking.service.ts';

/** Injection token of the milliseconds between two look-ups of a git repository. */
export const SOURCE_POLL_MS = Symbol('source poll');

/** Maximum number of sources that are looked up at the same time. */
const AT_ONCE = 4;
/** How much longer the interval of charts is: the index of a repository may be large. */
const CHARTS = 4;
/** Maximum time between the end of a rollout, or of a pause, and the next look-up that is due, in milliseconds. */
const TICK_MS = 15_000;

/** A source that some applications follow, and how it is looked up. */
interface Followed {
  readonly intervalMs: number;
  readonly applications: Tracked[];
}

/**
 * Looks up the sources of applications with `syncPolicy.auto` at regular intervals. Applications of an organization with
 * the same repository and revision, or the same chart and range, share a look-up.
 */
@Injectable()
export class SourceTrackingSweep implements Sweep {
  readonly name = 'deployments-source-tracking';
  readonly everyMs: number;
  private readonly times = new PollTimes();
  /** The source of each application, by the record of its latest revision. Null if it cannot change. */
  private sources = new Map<string, { readonly key: string; readonly intervalMs: number } | null>();

  constructor(
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(SOURCE_POLL_MS) private readonly pollMs: number,
    @Inject(RevisionContent) private readonly contents: RevisionContent,
    @Inject(SourceTracking) private readonly tracking: SourceTracking,
  ) {
    this.everyMs = Math.min(TICK_MS, pollMs / 5);
  }

  async run(signal: AbortSignal): Promise<void> {
    const followed = await this.followed(signal);
    if (!followed) return;
    this.times.retain(new Set(followed.keys()));
    const due = [...followed].filter(
      ([key, { intervalMs, applications }]) =>
        this.times.isDue(key, intervalMs, this.clock.monotonic()) && applications.length > 0,
    );
    const work = async (): Promise<void> => {
      for (let next = due.shift(); next && !signal.aborted; next = due.shift()) {
        const [key, { intervalMs, applications }] = next;
        const wasFound = await this.tracking.check(applications, key);
        this.times.checked(key, intervalMs, this.clock.monotonic(), wasFound);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }

  /**
   * Returns all sources that applications follow, with the applications that can be deployed now; undefined if that is
   * currently unknown.
   */
  private async followed(signal: AbortSignal): Promise<ReadonlyMap<string, Followed> | undefined> {
    const followed = new Map<string, Followed>();
    const sources: typeof this.sources = new Map();
    for await (const found of everyDocument(this.readModels, applicationsProjection, { where: { tracked: true } })) {
      if (signal.aborted) return undefined;
      if (!found.ok) {
        this.logger.warn({ code: found.error.code }, 'applications that follow their source could not be read');
        return undefined;
      }
      const { id: applicationId, organizationId, configuration } = found.value;
      if (!configuration) continue;
      const { record } = configuration.resolved;
      const known = this.sources.get(record);
      const source = known === undefined ? await this.sourceOf(found.value) : known;
      if (source === undefined) continue;
      sources.set(record, source);
      if (source === null) continue;
      const { key, intervalMs } = source;
      const one = followed.get(key) ?? { intervalMs, applications: [] };
      if (canDeploy(found.value)) one.applications.push({ organizationId, applicationId });
      followed.set(key, one);
    }
    this.sources = sources;
    return followed;
  }

  /** Returns undefined if the content cannot be read now. */
  private async sourceOf({ organizationId, configuration }: ApplicationDocument) {
    const content = configuration ? await this.contents.of(configuration) : undefined;
    if (!content?.ok) return undefined;
    const source = pinnedIn(content.value?.source);
    if (!source || !canMove(source)) return null;
    const intervalMs = source.type === 'git' ? this.pollMs : this.pollMs * CHARTS;
    return { key: lookupKey(organizationId, source), intervalMs };
  }
}

/** Returns whether an application would be deployed now, according to the read model. The decider decides. */
const canDeploy = ({ hasOpen, paused, unpinned, configuration }: ApplicationDocument): boolean =>
  !hasOpen && !paused && (unpinned || configuration?.rollbackOf === null);
