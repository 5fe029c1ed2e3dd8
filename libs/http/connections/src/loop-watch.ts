import type { Clock, Timer } from '#kernel';

const INTERVAL_MS = 500;
/** A timer that is this late shows that the process was blocked or suspended. */
const STALL_MS = 1_000;
/**
 * Time after a stall in which a late request is attributed to the stall: Node.js checks for late requests every 2 s.
 */
const COOLDOWN_MS = 3_000;

/** Detects that this process did not run for a while, so that peers are not blamed for the delay. */
export class LoopWatch {
  private lastTickMs: number;
  private stalledAtMs = Number.NEGATIVE_INFINITY;
  private timer: Timer | undefined;

  constructor(private readonly clock: Pick<Clock, 'monotonic' | 'timer'>) {
    this.lastTickMs = clock.monotonic();
    this.tick();
  }

  /** Returns whether the process is or recently was blocked or suspended. */
  hasStalled(): boolean {
    this.check();
    return this.clock.monotonic() - this.stalledAtMs < COOLDOWN_MS;
  }

  stop(): void {
    this.timer?.cancel();
  }

  private tick(): void {
    this.check();
    this.timer = this.clock.timer(INTERVAL_MS, () => this.tick());
  }

  private check(): void {
    const now = this.clock.monotonic();
    if (now - this.lastTickMs > INTERVAL_MS + STALL_MS) this.stalledAtMs = now;
    this.lastTickMs = now;
  }
}
