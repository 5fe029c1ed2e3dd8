/** Limits of a plan; `null` is unlimited. */
export interface PlanLimits {
  /** Maximum number of members, without service members. */
  readonly members: number;
  readonly clusters: number;
  readonly applications: number;
  readonly profiles: number;
  /** Maximum number of active keys of an organization, without those created by logins. */
  readonly activeKeys: number;
  readonly deploymentsPerDay: number;
  readonly requestsPerMinute: number;
  readonly keyLifetimeDays: number | null;
  readonly auditDaysShown: number | null;
}

/**
 * Who can export the audit log. `owner`: owners, and whoever has the right `audit`. The other: whoever can read the audit
 * log.
 */
export const AUDIT_EXPORTS = ['owner', 'everyone who can read the audit log'] as const;

/** A plan that organizations can have. */
export interface Plan {
  readonly name: string;
  readonly title: string;
  /** Whether owners can change to and from this plan themselves. Global admins can set every plan. */
  readonly selfService: boolean;
  readonly limits: PlanLimits;
  readonly customTiers: boolean;
  readonly auditExport: (typeof AUDIT_EXPORTS)[number];
  readonly support: string;
  readonly defaultTier: string;
}

/** All plans of an installation. */
export interface PlanCatalogue {
  readonly pricingUrl: string;
  /** Whom to ask about plans: an address or a URL. Default: the contact of the platform. */
  readonly contact?: string | undefined;
  /** Plan of a new organization. */
  readonly defaultPlan: string;
  readonly plans: readonly Plan[];
}

/** The catalogue that applies unless a file replaces it. */
export const DEFAULT_CATALOGUE: PlanCatalogue = {
  pricingUrl: 'https://docs.astro.example/plans',
  defaultPlan: 'developer',
  plans: [
    {
      name: 'developer',
      title: 'Developer',
      selfService: true,
      limits: {
        members: 5,
        clusters: 2,
        applications: 10,
        profiles: 5,
        activeKeys: 10,
        deploymentsPerDay: 100,
        requestsPerMinute: 600,
        keyLifetimeDays: 90,
        auditDaysShown: 30,
      },
      customTiers: false,
      auditExport: 'owner',
      support: 'community',
      defaultTier: 'basic',
    },
    {
      name: 'enterprise',
      title: 'Enterprise',
      selfService: false,
      limits: {
        members: 1_000,
        clusters: 100,
        applications: 5_000,
        profiles: 500,
        activeKeys: 5_000,
        deploymentsPerDay: 20_000,
        requestsPerMinute: 6_000,
        keyLifetimeDays: null,
        auditDaysShown: null,
      },
      customTiers: true,
      auditExport: 'everyone who can read the audit log',
      support: 'contact',
      defaultTier: 'standard',
    },
  ],
};

/** Returns the limits of a new organization, which apply until its subscription sets others. */
export function defaultLimits(catalogue: PlanCatalogue = DEFAULT_CATALOGUE): PlanLimits {
  const plan = catalogue.plans.find(({ name }) => name === catalogue.defaultPlan);
  if (!plan) throw new Error(`the plan catalog has no plan ${catalogue.defaultPlan}`);
  return plan.limits;
}

/** Injection token of a catalogue from a file. Without it, the default catalogue applies. */
export const PLAN_CATALOGUE = Symbol('plan catalog');
