import type { OutputOf } from '#bus/contract';
import type { getUsageRequest, PlanLimits } from '#billing/contract';

export type Use = OutputOf<typeof getUsageRequest>['limits'][keyof PlanLimits];

/** What each limit is called, and what counts. */
export const LIMITS: readonly {
  readonly key: keyof PlanLimits;
  readonly title: string;
  readonly counts: string;
  /** Word behind the number, if the title does not say it. */
  readonly unit?: string;
}[] = [
  { key: 'members', title: 'Members', counts: 'People and pending invitations. Service members are not counted.' },
  { key: 'applications', title: 'Applications', counts: 'All that are not deleted.' },
  { key: 'profiles', title: 'Profiles', counts: 'All that are not deleted.' },
  { key: 'clusters', title: 'Clusters', counts: 'Registered clusters. The sandbox is not counted.' },
  { key: 'activeKeys', title: 'Active API keys', counts: 'Keys of logins are not counted.' },
  { key: 'deploymentsPerDay', title: 'Deployments per day', counts: 'Those of the current day (UTC).' },
  { key: 'requestsPerMinute', title: 'Requests per minute', counts: 'Of each key.' },
  { key: 'keyLifetimeDays', title: 'Lifetime of API keys', counts: 'From creation to expiry.', unit: 'days' },
  { key: 'auditDaysShown', title: 'Audit log shown', counts: 'Older entries are kept.', unit: 'days' },
];

/** Returns a limit as text: `unlimited`, or the number with its unit. */
export const limitText = (limit: number | null, unit?: string): string =>
  limit === null ? 'unlimited' : `${limit.toLocaleString('en')}${unit === undefined ? '' : ` ${unit}`}`;

/** Returns how much of a limit is used, from 0 to 100; undefined if nothing of it is used up, or it is unknown. */
export function shareOf({ used, limit }: Use): number | undefined {
  if (used === null || limit === null) return undefined;
  return limit === 0 ? 100 : Math.min(100, Math.round((used / limit) * 100));
}
