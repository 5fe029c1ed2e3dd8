import { plansOfRequest, withPlan } from '#billing/contract';
import type { Bus, RequestContext } from '#bus';
import { domainError, type DomainError } from '#kernel';

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

const unanswered = () =>
  ({
    ok: false,
    error: domainError('billing/unavailable', 'unavailable', 'The plans cannot be asked at the moment.'),
  }) as const;
