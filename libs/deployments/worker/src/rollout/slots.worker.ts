interface Group {
  held: number;
  readonly waiting: Set<() => void>;
}

/** Slots for work on clusters. The next slot is assigned to the waiting organization that holds the fewest. */
export class FairSlots {
  private free: number;
  /** Ordered by priority among organizations that hold equally many. */
  private readonly groups = new Map<string, Group>();

  /** @param count number of slots */
  constructor(count: number) {
    this.free = count;
  }

  /** Returns a handle for one attempt, which holds no slot initially. */
  of(organizationId: string): Slot {
    return new Slot((signal) => this.take(organizationId, signal));
  }

  /** @returns a function that releases the slot; undefined if `signal` aborted first */
  private take(name: string, signal: AbortSignal): Promise<(() => void) | undefined> {
    const group = this.groups.get(name) ?? { held: 0, waiting: new Set() };
    this.groups.set(name, group);
    return new Promise((resolve) => {
      const forget = (): void => {
        group.waiting.delete(granted);
        this.drop(name, group);
        resolve(undefined);
      };
      const granted = (): void => {
        signal.removeEventListener('abort', forget);
        group.waiting.delete(granted);
        group.held += 1;
        this.free -= 1;
        resolve(() => {
          group.held -= 1;
          this.free += 1;
          this.drop(name, group);
          this.serve();
        });
      };
      if (signal.aborted) return forget();
      signal.addEventListener('abort', forget, { once: true });
      group.waiting.add(granted);
      this.serve();
    });
  }

  private serve(): void {
    while (this.free > 0) {
      let next: readonly [string, Group] | undefined;
      for (const entry of this.groups)
        if (entry[1].waiting.size > 0 && (next === undefined || entry[1].held < next[1].held)) next = entry;
      if (next === undefined) return;
      const [name, group] = next;
      this.groups.delete(name); // moves it to the end: others that hold equally many are served first
      this.groups.set(name, group);
      const [first] = group.waiting;
      first?.();
    }
  }

  private drop(name: string, { held, waiting }: Group): void {
    if (held === 0 && waiting.size === 0) this.groups.delete(name);
  }
}

/** Handle of one attempt, which holds one slot or none. */
export class Slot {
  private giveBack: (() => void) | undefined;
  private waits = 0;

  constructor(private readonly ask: (signal: AbortSignal) => Promise<(() => void) | undefined>) {}

  /** @returns false if `signal` aborted first */
  async take(signal: AbortSignal): Promise<boolean> {
    this.giveBack ??= await this.ask(signal);
    return this.giveBack !== undefined;
  }

  release(): void {
    this.giveBack?.();
    this.giveBack = undefined;
  }

  /**
   * Releases the slot during `work`, which only waits. Continues when a slot is available again or `signal` has
   * aborted.
   */
  async without<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    this.waits += 1;
    this.release();
    try {
      return await work();
    } finally {
      this.waits -= 1;
      if (this.waits === 0) await this.take(signal);
    }
  }
}
