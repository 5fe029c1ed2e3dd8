import type { Plan, PlanCatalogue } from '#billing/contract';

/** Returns the plan with that name, or the default plan if the catalogue no longer has it. */
export function planNamed({ plans, defaultPlan }: PlanCatalogue, name: string | undefined): Plan {
  const found = plans.find((plan) => plan.name === name) ?? plans.find((plan) => plan.name === defaultPlan);
  if (!found) throw new Error(`the plan catalog has no plan ${defaultPlan}`);
  return found;
}

/** Returns a plan as the API shows it in the catalogue. */
export const planView = ({ name, title, selfService, limits, customTiers, auditExport, support }: Plan) => ({
  name,
  title,
  selfService,
  limits,
  customTiers,
  auditExport,
  support,
});
