const KIB = 1_024;
const MIB = 1_024 * KIB;

/** Most bytes of an answer by what is asked: a server that answers more is cut off. */
export const ANSWER_BYTES = {
  /** Version, review, token, count: a few lines. */
  small: 64 * KIB,
  /** One object, or one page of a list: an API server takes no larger object. */
  object: 3 * MIB,
  /** All kinds that a server serves, of all its documents together. */
  discovery: 8 * MIB,
  /** All pages of a list together. */
  list: 32 * MIB,
} as const;
