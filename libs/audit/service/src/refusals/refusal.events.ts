import type { RefusalRecord } from '#audit/contract';
import type { EventFamily, Fact } from '#kernel';

/**
 * Denied requests of people and keys. Streams: `refusals-<organization id>-<day>`, and `refusals-platform-<day>` for
 * requests outside an organization. Each day has its own stream, which stays short enough to be folded.
 */
export type RefusalEvent =
  /** Identical refusals in one minute: principal, operation, and code, as one instance of the platform counted them. */
  | Fact<'refusal.recorded.v1', RefusalRecord & { /** Its beginning, RFC 3339. */ readonly minute: string }>
  /** Number of refusals beyond those recorded in one minute. */
  | Fact<'refusals.dropped.v1', { readonly minute: string; readonly count: number }>;

export const refusalEvents: EventFamily<RefusalEvent> = {
  categories: ['refusals'],
  types: { 'refusal.recorded.v1': true, 'refusals.dropped.v1': true },
};

/**
 * Returns the stream of refusals.
 *
 * @param minute RFC 3339
 */
export const refusalStream = (organizationId: string | undefined, minute: string): string =>
  `refusals-${organizationId ?? 'platform'}-${minute.slice(0, 10)}`;
