/** A measurement, with that of the raw engine in the same run, if any. */
export interface Row {
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  /** The better of two raw runs. */
  readonly raw?: number;
  /** Ours divided by raw if more is better, otherwise raw divided by ours. 1 means equal. */
  readonly ratio?: number;
  /** Goal, as text. */
  readonly goal: string;
}
