import { organizationNotFound } from '#access';
import { err, ok, type DomainError, type Result } from '#kernel';

/** The id that the guard resolved; handlers never use what the caller wrote. */
export const organizationOf = ({
  organizationId,
}: {
  readonly organizationId?: string;
}): Result<string, DomainError> => (organizationId === undefined ? err(organizationNotFound()) : ok(organizationId));
