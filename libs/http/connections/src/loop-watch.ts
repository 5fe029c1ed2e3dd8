import type { Clock, Timer } from '#kernel';

const BEAT_MS = 500;
/** A beat that comes so much too late shows that the process was blocked or frozen. */
const STALL_MS = 1_000;
/** For so long after a stall, what is late is late because of it: Node looks for late requests every 2 s. */
const AFTERMATH_MS = 3_000;

/** Notices when this process did not run for a while, so that peers are not blamed for what had to wait. */
export class LoopWatch {
  private beatAtMs: number;
  private stalledAtMs = Number.NEGATIVE_INFINITY;
  private timer: Timer | undefined;

  constructor(private readonly clock: Pick<Clock, 'monotonic' | 'timer'>) {
    this.beatAtMs = clock.monotonic();
    this.beat();
  }

  /** Whether the process stands still, or stood still a moment ago. */
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
