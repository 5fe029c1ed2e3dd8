import type { HEALTHS } from '#deployments/contract';

/** What an observer says about one application. */
export interface Observation {
  readonly health: (typeof HEALTHS)[number];
  readonly message: string;
  readonly code: string | null;
  readonly replicas: string | null;
  readonly attemptNumber: number | null;
  readonly sync: 'Synced' | 'OutOfSync';
  /** What is not as it was applied. */
  readonly drift: { readonly what: string; readonly fields: string[] }[];
}

interface Known {
  /** No observation: what was told was not heard. */
  readonly told?: { readonly observation: Observation | undefined; readonly atMs: number };
  readonly seen: Observation;
}

/** At most one report per application in this time; the first change after a quiet time goes out at once. */
export const REPORT_EVERY_MS = 5_000;

/** Remembers what was told about each application and says what must be told now. Times are monotonic milliseconds. */
export class Transitions {
  private readonly known = new Map<string, Known>();

  see(applicationId: string, observation: Observation): void {
    this.known.set(applicationId, { ...this.known.get(applicationId), seen: observation });
  }

  forget(applicationId: string): void {
    this.known.delete(applicationId);
  }

  /** What differs from what was told and may be told at `nowMs`. */
  due(nowMs: number, most: number): readonly { readonly applicationId: string; readonly observation: Observation }[] {
    const due: { applicationId: string; observation: Observation }[] = [];
    for (const [applicationId, { told, seen }] of this.known) {
      if (due.length >= most) break;
      if (!isNews(told?.observation, seen)) continue;
      if (told === undefined || nowMs - told.atMs >= REPORT_EVERY_MS) due.push({ applicationId, observation: seen });
    }
    return due;
  }

  told(applicationId: string, observation: Observation, atMs: number): void {
    const known = this.known.get(applicationId);
    if (known) this.known.set(applicationId, { ...known, told: { observation, atMs } });
  }

  /** Milliseconds until something is due; undefined when nothing waits. */
  nextInMs(nowMs: number): number | undefined {
    let next: number | undefined;
    for (const { told, seen } of this.known.values()) {
      if (!isNews(told?.observation, seen)) continue;
      const inMs = told === undefined ? 0 : Math.max(0, told.atMs + REPORT_EVERY_MS - nowMs);
      next = Math.min(next ?? inMs, inMs);
    }
    return next;
  }

  /** It is told once more when it is due again: nothing was recorded of what was told. */
  unheard(applicationId: string, atMs: number): void {
    const known = this.known.get(applicationId);
    if (known) this.known.set(applicationId, { ...known, told: { observation: undefined, atMs } });
  }

  /** Everything is told once more: the service may have missed it. */
  tellAgain(): void {
    for (const [applicationId, { seen }] of this.known) this.known.set(applicationId, { seen });
  }
}

/** A changed text alone is not a transition: messages name pods, and pods come and go. */
const isNews = (told: Observation | undefined, seen: Observation): boolean =>
  told === undefined ||
  told.health !== seen.health ||
  told.code !== seen.code ||
  told.replicas !== seen.replicas ||
  told.attemptNumber !== seen.attemptNumber ||
  told.sync !== seen.sync ||
  JSON.stringify(told.drift) !== JSON.stringify(seen.drift);
