import { can, endedKey, endedSession, type Directory, type Permission, type Principal, type Reason } from '#access';
import { err, ok, type DomainError, type Result } from '#kernel';

/** A request to authorize. */
export interface AccessQuestion {
  readonly principal: Principal;
  readonly permission: Permission;
  /** Another permission that suffices. The error is that of `permission`. */
  readonly orPermission?: Permission | undefined;
  /** ID of the request's organization; undefined if there is none, or it does not exist. */
  readonly organizationId: string | undefined;
}

/**
 * Returns why the directory permits a request, or the error if it denies it. The edge checks this before it reads a body,
 * and the service that owns the data checks it again.
 *
 * @param nowMs milliseconds since 1970
 */
export function checkAccess(
  { principal, permission, orPermission, organizationId }: AccessQuestion,
  directory: Directory,
  nowMs: number,
): Result<Reason, DomainError> {
  const ended = endedKey(principal, directory, nowMs) ?? endedSession(principal, directory, nowMs);
  if (ended) return err(ended);
  const scope = organizationId === undefined ? {} : { organizationId };
  const decision = can(principal, permission, scope, directory, nowMs);
  if (decision.allowed) return ok(decision.reason);
  const other = orPermission && can(principal, orPermission, scope, directory, nowMs);
  return other?.allowed ? ok(other.reason) : err(decision.error);
}
