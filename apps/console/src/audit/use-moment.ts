import { canRequest } from '#audit/contract';
import { useContract } from '../shared/queries.ts';

/**
 * Returns the position and the time of what the address calls `at`: a time, a date, a span, or a position.
 *
 * @param at undefined: now
 */
export const useMoment = (org: string, at: string | undefined) =>
  useContract(canRequest, { org, permission: 'organization.read', ...(at !== undefined && { asOf: at }) });
export type Moment = ReturnType<typeof useMoment>;
