import { can, type Directory, type Permission, type Principal } from '#access';
import { domainError, type DomainError } from '#kernel';

/** What is asked for, and by whom. */
export interface AccessQuestion {
  readonly principal: Principal;
  readonly permission: Permission;
  /** Resolved id of the organization that the request is about; undefined when it is about none that exists. */
  readonly organizationId: string | undefined;
}

/**
 * Why a directory does not let a principal do something; undefined when it does. The edge asks before it reads a body, the
 * service that owns the data asks again.
 * @param nowMs milliseconds since 1970
 */
export function accessRefusal(
  { principal, permission, organizationId }: AccessQuestion,
  directory: Directory,
  nowMs: number,
): DomainError | undefined {
  const ended = endedKey(principal, directory, nowMs);
  if (ended) return ended;
  const decision = can(principal, permission, organizationId === undefined ? {} : { organizationId }, directory, nowMs);
  return decision.allowed ? undefined : decision.error;
}

/** A key was looked at when the request came, but a moment ago: what ended since ends here. */
function endedKey(principal: Principal, directory: Directory, nowMs: number): DomainError | undefined {
  if (principal.kind !== 'key') return undefined;
  const key = directory.keysById.get(principal.keyId);
  if (!key || (!key.revoked && nowMs <= key.expiresAtMs)) return undefined;
  const word = key.revoked ? 'revoked' : 'expired';
  return domainError(`key/${word}`, 'unauthenticated', `This access key is ${word}.`, { fix: 'astroctl auth login' });
}
