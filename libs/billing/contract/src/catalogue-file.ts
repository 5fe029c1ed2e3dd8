import { z } from 'zod';
import { domainError, err, ok, type DomainError, type Result } from '#kernel';
import { AUDIT_EXPORTS, type PlanCatalogue } from './plans.ts';

const count = z.number().int().positive().max(1_000_000_000);
const name = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/);

const planSchema = z.strictObject({
  name,
  title: z.string().min(1).max(80),
  selfService: z.boolean().default(false),
  limits: z.strictObject({
    members: count,
    clusters: count,
    applications: count,
    profiles: count,
    activeKeys: count,
    deploymentsPerDay: count,
    requestsPerMinute: count,
    keyLifetimeDays: count.nullable(),
    auditDaysShown: count.nullable(),
  }),
  customTiers: z.boolean(),
  auditExport: z.enum(AUDIT_EXPORTS),
  support: z.string().max(500),
  defaultTier: name,
});

const catalogueSchema = z.strictObject({
  pricingUrl: z.url(),
  contact: z.string().min(1).max(200).optional(),
  defaultPlan: name,
  plans: z.array(planSchema).min(1).max(50),
});

/** Parses a plan catalogue (JSON) with which an operator replaces the default one. */
export function parseCatalogue(text: string): Result<PlanCatalogue, DomainError<'billing/catalogue-invalid'>> {
  const parsed = catalogueSchema.safeParse(jsonOf(text));
  if (!parsed.success)
    return err(
      invalid(parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'the file'}: ${message}`).join('; ')),
    );
  const names = parsed.data.plans.map((plan) => plan.name);
  if (new Set(names).size < names.length) return err(invalid('two plans have the same name'));
  if (!names.includes(parsed.data.defaultPlan))
    return err(invalid(`defaultPlan: there is no plan ${parsed.data.defaultPlan}`));
  return ok(parsed.data);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the schema reports it
  }
}

const invalid = (why: string) =>
  domainError('billing/catalogue-invalid', 'invalid', `The plan catalog is invalid: ${why}.`);
