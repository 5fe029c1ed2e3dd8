/** How long the interval of a source that cannot be looked up gets at most, in multiples of the usual one. */
const MAX_BACK_OFF = 5;

/** When each source is looked up next. The first look-ups are spread over one interval. */
export class PollTimes {
  private readonly times = new Map<string, { readonly dueMs: number; readonly failures: number }>();

  /**
   * @param intervalMs how often the source is looked up, in milliseconds
   * @param nowMs monotonic time in milliseconds
   */
  isDue(key: string, intervalMs: number, nowMs: number): boolean {
    const known = this.times.get(key);
    if (known) return nowMs >= known.dueMs;
    this.times.set(key, { dueMs: nowMs + intervalMs * fractionOf(key), failures: 0 });
    return false;
  }

  /** Plans the next look-up. The interval doubles with each failure in a row. */
  checked(key: string, intervalMs: number, nowMs: number, wasFound: boolean): void {
    const failures = wasFound ? 0 : (this.times.get(key)?.failures ?? 0) + 1;
    this.times.set(key, { dueMs: nowMs + intervalMs * Math.min(2 ** failures, MAX_BACK_OFF), failures });
  }

  /** Forgets all other sources. */
  retain(keys: ReadonlySet<string>): void {
    for (const key of this.times.keys()) if (!keys.has(key)) this.times.delete(key);
  }
}

/** Returns a number from 0 to below 1 that depends on the text alone (FNV-1a). */
function fractionOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return (hash >>> 0) / 2 ** 32;
}
