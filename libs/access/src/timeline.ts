/**
 * The values that something had, by the position in the log from which on it had them. Values are immutable; a look-up
 * is a search in a sorted array.
 */
export class Timeline<T> {
  private readonly from: number[] = [];
  private readonly values: T[] = [];

  /** Adds a value from `sequence` on, which is at least that of the last one. */
  set(sequence: number, value: T): void {
    if (this.from.at(-1) === sequence) this.values[this.values.length - 1] = value;
    else {
      this.from.push(sequence);
      this.values.push(value);
    }
  }

  /** Returns the value after the event at `sequence`; undefined before the first. */
  at(sequence: number): T | undefined {
    const index = lastUpTo(this.from, sequence);
    return index < 0 ? undefined : this.values[index];
  }

  get first(): T | undefined {
    return this.values[0];
  }

  get last(): T | undefined {
    return this.values.at(-1);
  }

  /** Returns the sequence from which on all values up to `sequence` have met a condition; undefined if the last does not. */
  since(sequence: number, meets: (value: T) => boolean): number | undefined {
    let since: number | undefined;
    for (const [index, from] of this.from.entries()) {
      if (from > sequence) break;
      const value = this.values[index];
      if (value === undefined || !meets(value)) since = undefined;
      else since ??= from;
    }
    return since;
  }

  /** All values, in order. */
  get all(): readonly T[] {
    return this.values;
  }

  /** The sequences at which the value changed. */
  get sequences(): readonly number[] {
    return this.from;
  }
}

/**
 * Returns the index of the last of ascending numbers that is at most `limit`; -1 if there is none. It begins where that
 * number would be if all distances were equal, doubles its steps from there, and halves what remains. In a log, where
 * distances are similar, it reads a few numbers next to each other; a binary search reads many from all over the memory.
 */
export function lastUpTo(numbers: readonly number[], limit: number): number {
  let low = 0;
  let high = numbers.length - 1;
  const first = numbers[low];
  const last = numbers[high];
  if (first === undefined || last === undefined || limit < first) return -1;
  if (last <= limit) return high;
  let probe = Math.floor(((limit - first) / (last - first)) * high);
  for (let step = 1; high - low > 1; step *= 2) {
    if ((numbers[probe] ?? 0) <= limit) {
      low = probe;
      probe = Math.min(low + step, (low + high) >>> 1);
    } else {
      high = probe;
      probe = Math.max(high - step, (low + high) >>> 1);
    }
  }
  return low;
}
