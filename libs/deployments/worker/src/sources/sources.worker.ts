import type { HostCredential, PinnedSource, RolloutTask } from '#deployments/contract';
import { ChangingEgress, EGRESS, egressRefused, isAllowed, type EgressPolicy } from '#egress';
import { CLOCK, type Clock, type DomainError, type Result } from '#kernel';
import {
  createSlots,
  type GitSource,
  type HelmSource,
  type HostSettings,
  type RenderedSource,
  type RenderTarget,
  type SourceContext,
  type SourcePin,
} from '#sources';
import { decodeText } from '#vault';
import { Inject, Injectable } from '@nestjs/common';
import { WORKER_RECORDS, type WorkerRecords } from '../cluster/records.worker.ts';
import { SOURCE_LIBRARY, SOURCE_SETTINGS, type SourceLibrary, type SourceSettings } from './source-library.worker.ts';

/** How the hosts of sources of one organization may be contacted. */
export type SourceAccess = NonNullable<RolloutTask['sourceAccess']>;

/** Longest time to pin a source: below the timeout of the request. */
const PIN_MS = 18_000;
/** Longest time to fetch and render a source. */
const RENDER_MS = 5 * 60_000;
/** Maximum number of sources that this process fetches or renders at the same time, each with processes of its own. */
const MAX_AT_ONCE = 6;

/** Pins, fetches, and renders sources outside of the platform. */
@Injectable()
export class Sources {
  private readonly egress: ChangingEgress;
  private readonly slots = createSlots(MAX_AT_ONCE);

  constructor(
    @Inject(WORKER_RECORDS) private readonly records: WorkerRecords,
    @Inject(EGRESS) allowed: EgressPolicy,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(SOURCE_LIBRARY) private readonly library: SourceLibrary,
    @Inject(SOURCE_SETTINGS) private readonly settings: SourceSettings,
  ) {
    this.egress = new ChangingEgress(allowed);
  }

  /** Finds out what a source is at present. */
  pin(source: GitSource | HelmSource, access: SourceAccess): Promise<Result<SourcePin, DomainError>> {
    return this.within(PIN_MS, access, undefined, async (context): Promise<Result<SourcePin, DomainError>> => {
      if (source.type === 'git') return this.library.pinGit(source, context);
      return this.library.pinHelm(source, context);
    });
  }

  /** Fetches a source exactly as pinned, and renders it. @param signal ends the work */
  render(
    { from, pin }: PinnedSource,
    target: RenderTarget,
    access: SourceAccess,
    signal: AbortSignal,
  ): Promise<Result<RenderedSource, DomainError>> {
    return this.within(RENDER_MS, access, signal, async (context) => {
      if (from.type === 'git' && pin.type === 'git') return this.library.renderGit(from, pin, target, context);
      if (from.type === 'helm' && pin.type === 'helm') return this.library.renderHelm(from, pin, target, context);
      throw new Error(`a ${from.type} source has a pin of type ${pin.type}`);
    });
  }

  private within<T>(
    ms: number,
    { credentials, egress }: SourceAccess,
    ended: AbortSignal | undefined,
    work: (context: SourceContext) => Promise<T>,
  ): Promise<T> {
    if (egress) this.egress.update(egress);
    return this.slots(async () => {
      const limit = new AbortController();
      const end = () => limit.abort(new DOMException(`not done within ${ms} ms`, 'TimeoutError'));
      const timer = this.clock.timer(ms, end);
      try {
        return await work({
          programs: await this.settings.programs(),
          folder: this.settings.folder,
          clock: this.clock,
          signal: ended ? AbortSignal.any([limit.signal, ended]) : limit.signal,
          egress: {
            refusal: (target) => (isAllowed(this.egress, target) ? undefined : egressRefused(target, this.egress)),
          },
          settingsOf: (host, kind) => this.settingsOf(credentials, host, kind),
        });
      } finally {
        timer.cancel();
      }
    });
  }

  /** A host gets the settings that were stored for exactly this host, port, and kind, and no others. */
  private async settingsOf(
    credentials: readonly HostCredential[],
    host: string,
    kind: HostCredential['kind'],
  ): Promise<HostSettings | undefined> {
    const stored = credentials.find((one) => one.kind === kind && one.host === host.toLowerCase());
    const record = stored && (await this.records.get(stored.record));
    return record && (JSON.parse(decodeText(record.value)) as HostSettings); // written by deployments
  }
}
