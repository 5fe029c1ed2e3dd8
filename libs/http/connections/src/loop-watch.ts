import type { Clock, Timer } from '#kernel';

const BEAT_MS = 500;
/** A timer that is this late shows that the process was blocked or suspended. */
const STALL_MS = 1_000;
/**
 * Time after a stall in which a late request is attributed to the stall: Node.js checks for late requests every 2 s.
 */
const AFTERMATH_MS = 3_000;

/** Detects that this process did not run for a while, so that peers are not blamed for the delay. */
export class LoopWatch {
  private beatAtMs: number;
  private stalledAtMs = Number.NEGATIVE_INFINITY;
  private timer: Timer | undefined;

  constructor(private readonly clock: Pick<Clock, 'monotonic' | 'timer'>) {
    this.beatAtMs = clock.monotonic();
    this.beat();
  }

  /** Returns whether the process is or recently was blocked or suspended. */
  hasStalled(): boolean {
    this.look();
    return this.clock.monotonic() - this.stalledAtMs < AFTERMATH_MS;
  }

  stop(): void {
    this.timer?.cancel();
  }

  private beat(): void {
    this.look();
    this.timer = this.clock.timer(BEAT_MS, () => this.beat());
  }

  private look(): void {
    const now = this.clock.monotonic();
    if (now - this.beatAtMs > BEAT_MS + STALL_MS) this.stalledAtMs = now;
    this.beatAtMs = now;
  }
}
