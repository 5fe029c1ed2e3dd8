const KIB = 1_024;
const MIB = 1_024 * KIB;

/** Maximum bytes of a response by the type of request. A larger response is cut off. */
export const MAX_RESPONSE_BYTES = {
  /** Version, review, token, or count. */
  small: 64 * KIB,
  /** One object, or one page of a list. An API server accepts no larger object. */
  object: 3 * MIB,
  /** All documents of discovery together. */
  discovery: 8 * MIB,
  /** All pages of a list together. */
  list: 32 * MIB,
} as const;
