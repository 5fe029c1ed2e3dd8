import { PROPAGATION_MS } from '#access';
import type { Bus, OrganizationContext, Reply } from '#bus';
import { reviewAccessRequest } from '#deployments/contract';
import { pause, type Clock } from '#kernel';

/**
 * Ends a member's access to clusters, as far as the membership no longer grants it, before the response is sent. Where
 * a cluster cannot be reached, deployments ends the access later: it reads the change from the log. The response is sent
 * when no instance uses the former role, or the keys of a former member.
 *
 * @param response the response to the command that changed the membership; ignored if refused, or if it was a dry run
 * @returns the same response, with a warning for each cluster where the access has not ended yet
 */
export async function endClusterAccess<T>(
  { bus, clock }: { readonly bus: Bus; readonly clock: Clock },
  response: Reply<T>,
  memberId: string,
  { organizationId, correlationId }: OrganizationContext,
): Promise<Reply<T>> {
  if (!response.ok || response.meta.position === undefined) return response;
  const own = bus.own({ correlationId, organizationId, timeoutMs: reviewAccessRequest.timeoutMs });
  const { position } = response.meta;
  const [reviewed] = await Promise.all([
    bus.request(reviewAccessRequest, { organizationId, memberId, position }, own),
    pause(clock, PROPAGATION_MS),
  ]);
  const warnings = reviewed.ok
    ? reviewed.value.pending.map(
        ({ cluster }) =>
          `Access to cluster ${cluster} has not ended yet; the platform retries: astroctl clusters access ${cluster}`,
      )
    : ['Access to clusters has not ended yet; it ends within seconds.'];
  return warnings.length === 0 ? response : { ...response, meta: { ...response.meta, warnings } };
}
