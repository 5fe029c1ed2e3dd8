/** What a gateway has reported: requests of each caller, and when their windows end in milliseconds since 1970. */
export interface GatewayReport {
  readonly gateway: string;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly counts: readonly { readonly caller: string; readonly used: number; readonly endsMs: number }[];
}

/** Milliseconds without a report after which a gateway has ended. */
const LIVE_MS = 15_000;
/** Milliseconds after which the report of such a gateway is removed. */
const KEPT_MS = 60_000;

/**
 * Adds up what other gateways have reported. Windows that have ended, and gateways that no longer report, do not count.
 *
 * @param nowMs milliseconds since 1970
 */
export function countsOfOthers(reports: readonly GatewayReport[], gateway: string, nowMs: number) {
  const live = reports.filter((report) => report.gateway !== gateway && nowMs - report.atMs < LIVE_MS);
  const counts = new Map<string, { caller: string; used: number; endsInMs: number; gateways: number }>();
  for (const { caller, used, endsMs } of live.flatMap((report) => report.counts)) {
    const endsInMs = endsMs - nowMs;
    if (endsInMs <= 0) continue;
    const sum = counts.get(caller) ?? { caller, used: 0, endsInMs, gateways: 0 };
    counts.set(caller, {
      caller,
      used: sum.used + used,
      endsInMs: Math.min(sum.endsInMs, endsInMs),
      gateways: sum.gateways + 1,
    });
  }
  return { gateways: live.length + 1, counts: [...counts.values()] };
}

/** Returns the gateways whose reports are no longer needed. */
export const endedGateways = (reports: readonly GatewayReport[], nowMs: number): readonly string[] =>
  reports.filter(({ atMs }) => nowMs - atMs > KEPT_MS).map(({ gateway }) => gateway);
