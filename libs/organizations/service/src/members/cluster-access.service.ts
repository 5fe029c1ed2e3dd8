import type { Bus, OrganizationContext, Reply } from '#bus';
import { reviewAccessRequest } from '#deployments/contract';

/**
 * Has a member's access to clusters ended, as far as their membership no longer gives it, before the change is answered.
 * What cannot be ended now is ended by deployments as soon as the cluster answers: the facts are in the log.
 * @param answer to the command that changed the membership; a refusal, and a dry run, change nothing
 * @returns the same answer, with a warning for each cluster where the access has not ended yet
 */
export async function endClusterAccess<T>(
  bus: Bus,
  answer: Reply<T>,
  memberId: string,
  { organizationId, correlationId }: OrganizationContext,
): Promise<Reply<T>> {
  if (!answer.ok || answer.meta.position === undefined) return answer;
  const own = bus.own({ correlationId, organizationId, timeoutMs: reviewAccessRequest.timeoutMs });
  const reviewed = await bus.request(
    reviewAccessRequest,
    { organizationId, memberId, position: answer.meta.position },
    own,
  );
  const warnings = reviewed.ok
    ? reviewed.value.pending.map(
        ({ cluster }) =>
          `Access to cluster ${cluster} has not ended yet; the platform keeps trying: astroctl clusters access ${cluster}`,
      )
    : ['Access to clusters has not ended yet; it ends within seconds.'];
  return warnings.length === 0 ? answer : { ...answer, meta: { ...answer.meta, warnings } };
}
