import type { RefusalRecord } from '#audit/contract';
import type { EventFamily, Fact } from '#kernel';

/**
 * What people and keys were refused. Stream: `refusals-<organization id>-<day>`, and `refusals-platform-<day>` for what
 * concerns no organization: a stream a day, so that each can be folded, and none ever has to be cut.
 */
export type RefusalEvent =
  /** One principal, operation, code and minute, as one instance of the platform counted them. */
  | Fact<'refusal.recorded.v1', RefusalRecord & { /** Its beginning, RFC 3339. */ readonly minute: string }>
  /** More than are recorded in one minute. */
  | Fact<'refusals.dropped.v1', { readonly minute: string; readonly count: number }>;

export const refusalEvents: EventFamily<RefusalEvent> = {
  categories: ['refusals'],
  types: { 'refusal.recorded.v1': true, 'refusals.dropped.v1': true },
};

/** @param minute RFC 3339 */
export const refusalStream = (organizationId: string | undefined, minute: string): string =>
  `refusals-${organizationId ?? 'platform'}-${minute.slice(0, 10)}`;
