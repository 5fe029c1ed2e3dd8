import type { Plan, PlanCatalogue } from '#billing/contract';

/** The plan of that name; a plan that a newer catalogue no longer has counts as the default one. */
export function planNamed({ plans, defaultPlan }: PlanCatalogue, name: string | undefined): Plan {
  const found = plans.find((plan) => plan.name === name) ?? plans.find((plan) => plan.name === defaultPlan);
  if (!found) throw new Error(`the catalogue has no plan ${defaultPlan}`);
  return found;
}

/** A plan as the catalogue shows it. */
export const planView = ({ name, title, limits, customTiers, auditExport, support }: Plan) => ({
  name,
  title,
  limits,
  customTiers,
  auditExport,
  support,
});
