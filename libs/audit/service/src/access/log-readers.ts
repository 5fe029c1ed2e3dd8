import { can, PERMISSIONS, type Directory, type Principal, type RightsTable, type Role } from '#access';

/** Who reads the audit log of an organization. */
export interface LogReader {
  readonly principal: Principal;
  readonly organizationId: string;
}

/** Returns the rule of `audit.read` with other roles. The right `audit` and the global role still grant it. */
const grantedTo = (...roles: readonly Role[]): RightsTable => ({
  'audit.read': { ...PERMISSIONS['audit.read'], roles },
});
const WHOLE_LOG = grantedTo('admin', 'owner');
const EXPORT_BY_ANY_PLAN = grantedTo('owner');

const isReader = (
  { principal, organizationId }: LogReader,
  directory: Directory,
  nowMs: number,
  table: RightsTable,
): boolean => can(principal, 'audit.read', { organizationId }, directory, nowMs, table).allowed;

/**
 * Returns whether a caller may read the actions of everybody: owners, admins, those with the right `audit`, and global
 * admins. The role editor grants `audit.read` for the caller's own actions only.
 *
 * @param nowMs milliseconds since 1970, for rights that expire
 */
export const readsWholeLog = (reader: LogReader, directory: Directory, nowMs: number): boolean =>
  isReader(reader, directory, nowMs, WHOLE_LOG);

/**
 * Returns whether a caller may export the audit log whatever the plan: owners, those with the right `audit`, and global
 * admins.
 *
 * @param nowMs milliseconds since 1970, for rights that expire
 */
export const exportsByAnyPlan = (reader: LogReader, directory: Directory, nowMs: number): boolean =>
  isReader(reader, directory, nowMs, EXPORT_BY_ANY_PLAN);
