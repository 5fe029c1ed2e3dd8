/** One measured figure, beside what the raw engine does in the same run where there is one. */
export interface Row {
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  /** The better of two raw runs. */
  readonly raw?: number;
  /** Ours through raw where more is better, raw through ours where less is: 1 is level. */
  readonly ratio?: number;
  /** What is to be reached, in words. */
  readonly goal: string;
}
