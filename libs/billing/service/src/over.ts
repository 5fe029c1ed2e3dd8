/** A limit of a plan that the present use exceeds. */
export interface Over {
  readonly limit: string;
  /** A sentence for people. */
  readonly words: string;
  /** The numbers, if the owning service reported them. */
  readonly detail: { readonly allowed?: number; readonly used?: number };
}
