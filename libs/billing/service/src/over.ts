/** One thing of which more is in use than a plan would allow. */
export interface Over {
  readonly limit: string;
  /** A sentence for people. */
  readonly words: string;
  /** Numbers, where the owner said any. */
  readonly detail: { readonly allowed?: number; readonly used?: number };
}
