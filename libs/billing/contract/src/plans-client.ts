import type { Bus, OrganizationContext, OutputOf, Reply, RequestContext } from '#bus/contract';
import type { DomainError } from '#kernel';
import { plansOfRequest } from './billing.contract.ts';

type PlanSummary = OutputOf<typeof plansOfRequest>['plans'][string];

/** Maximum number of organizations in one request. */
const MAX_ORGANIZATIONS = 500;

/**
 * Returns the plans of organizations by ID. If billing does not respond, plans are missing, so that views do not fail.
 */
export async function plansOf(
  bus: Bus,
  organizationIds: readonly string[],
  cause: RequestContext,
): Promise<ReadonlyMap<string, PlanSummary>> {
  const plans = new Map<string, PlanSummary>();
  for (let from = 0; from < organizationIds.length; from += MAX_ORGANIZATIONS) {
    const ids = organizationIds.slice(from, from + MAX_ORGANIZATIONS);
    const found = await bus.request(plansOfRequest, { organizationIds: ids }, bus.own(cause));
    if (found.ok) for (const [id, plan] of Object.entries(found.value.plans)) plans.set(id, plan);
  }
  return plans;
}

/**
 * Adds the plan's name and the address of the catalogue to a response that a limit rejected. Returns others unchanged.
 *
 * @param sentence returns the error's sentence with the name of the plan. Default: the sentence remains the same.
 */
export async function explainLimit<T>(
  bus: Bus,
  response: Reply<T>,
  context: OrganizationContext,
  sentence: (error: DomainError, plan: string) => string = ({ detail }) => detail,
): Promise<Reply<T>> {
  if (response.ok || response.error.kind !== 'limit') return response;
  const { organizationId } = context;
  const found = await bus.request(plansOfRequest, { organizationIds: [organizationId] }, bus.own(context));
  const plan = found.ok ? found.value.plans[organizationId]?.plan : undefined;
  if (!found.ok || plan === undefined) return response;
  const { error } = response;
  const extra = { ...error.extra, plan, pricingUrl: found.value.pricingUrl };
  return { ok: false, error: { ...error, detail: sentence(error, plan), extra } };
}
