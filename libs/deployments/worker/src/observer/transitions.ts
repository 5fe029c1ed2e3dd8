import type { HEALTHS } from '#deployments/contract';

/** Observed state of one application. */
export interface Observation {
  readonly health: (typeof HEALTHS)[number];
  readonly message: string;
  readonly code: string | null;
  readonly replicas: string | null;
  readonly attemptNumber: number | null;
  readonly sync: 'Synced' | 'OutOfSync';
  /** Differences from what was applied. */
  readonly drift: { readonly what: string; readonly fields: string[] }[];
}

interface ReportState {
  /** `observation` is undefined if the service did not record the report. */
  readonly reported?: { readonly observation: Observation | undefined; readonly atMs: number };
  readonly seen: Observation;
}

/** Minimum time between two reports on an application. The first change after a quiet time is reported immediately. */
export const REPORT_EVERY_MS = 5_000;

/** Tracks what was reported about each application, and returns what is due. Times are in monotonic milliseconds. */
export class Transitions {
  private readonly known = new Map<string, ReportState>();

  see(applicationId: string, observation: Observation): void {
    this.known.set(applicationId, { ...this.known.get(applicationId), seen: observation });
  }

  forget(applicationId: string): void {
    this.known.delete(applicationId);
  }

  /** Returns the changes since the last report that may be sent at `nowMs`. */
  due(nowMs: number, most: number): readonly { readonly applicationId: string; readonly observation: Observation }[] {
    const due: { applicationId: string; observation: Observation }[] = [];
    for (const [applicationId, { reported, seen }] of this.known) {
      if (due.length >= most) break;
      if (!isTransition(reported?.observation, seen)) continue;
      if (reported === undefined || nowMs - reported.atMs >= REPORT_EVERY_MS)
        due.push({ applicationId, observation: seen });
    }
    return due;
  }

  reported(applicationId: string, observation: Observation, atMs: number): void {
    const known = this.known.get(applicationId);
    if (known) this.known.set(applicationId, { ...known, reported: { observation, atMs } });
  }

  /** Returns the milliseconds until a report is due, or undefined if none is. */
  nextInMs(nowMs: number): number | undefined {
    let next: number | undefined;
    for (const { reported, seen } of this.known.values()) {
      if (!isTransition(reported?.observation, seen)) continue;
      const inMs = reported === undefined ? 0 : Math.max(0, reported.atMs + REPORT_EVERY_MS - nowMs);
      next = Math.min(next ?? inMs, inMs);
    }
    return next;
  }

  /** Repeats a report that the service did not record, when it is due again. */
  notRecorded(applicationId: string, atMs: number): void {
    const known = this.known.get(applicationId);
    if (known) this.known.set(applicationId, { ...known, reported: { observation: undefined, atMs } });
  }

  /** Repeats all reports, since the service may have missed them. */
  reportAllAgain(): void {
    for (const [applicationId, { seen }] of this.known) this.known.set(applicationId, { seen });
  }
}

/** A changed text alone is not a transition: it names pods, which change often. */
const isTransition = (reported: Observation | undefined, seen: Observation): boolean =>
  reported === undefined ||
  reported.health !== seen.health ||
  reported.code !== seen.code ||
  reported.replicas !== seen.replicas ||
  reported.attemptNumber !== seen.attemptNumber ||
  reported.sync !== seen.sync ||
  JSON.stringify(reported.drift) !== JSON.stringify(seen.drift);
