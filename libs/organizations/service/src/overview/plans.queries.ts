import { plansOfRequest, withPlan } from '#billing/contract';
import type { Bus, RequestContext } from '#bus';
import { domainError, type DomainError } from '#kernel';

/**
 * The plan's name per organization. A view does not fail because billing does not answer: it then shows `unknown`.
 */
export async function plansOf(
  bus: Bus,
  organizationIds: readonly string[],
  cause: RequestContext,
): Promise<(organizationId: string) => string> {
  const names = new Map<string, string>();
  for (let from = 0; from < organizationIds.length; from += 500) {
    const found = await bus
      .request(plansOfRequest, { organizationIds: organizationIds.slice(from, from + 500) }, bus.own(cause))
      .catch(unanswered);
    if (found.ok) for (const [id, { plan }] of Object.entries(found.value.plans)) names.set(id, plan);
  }
  return (organizationId) => names.get(organizationId) ?? 'unknown';
}

/** A refusal by a plan's limit also says which plan, and where the catalogue stands. Others pass unchanged. */
export async function explainLimit(
  bus: Bus,
  error: DomainError,
  organizationId: string,
  cause: RequestContext,
): Promise<DomainError> {
  if (error.kind !== 'limit') return error;
  const found = await bus
    .request(plansOfRequest, { organizationIds: [organizationId] }, bus.own(cause))
    .catch(unanswered);
  const plan = found.ok ? found.value.plans[organizationId]?.plan : undefined;
  return found.ok && plan !== undefined ? withPlan(error, { plan, pricingUrl: found.value.pricingUrl }) : error;
}

const unanswered = (): { readonly ok: false; readonly error: DomainError } => ({
  ok: false,
  error: domainError('billing/unavailable', 'unavailable', 'The plans cannot be asked at the moment.'),
});
