import { accessKeysRest } from '#access-keys/rest';
import { auditRest } from '#audit/rest';
import { billingRest } from '#billing/rest';
import type { Contract } from '#bus/contract';
import { deploymentsRest } from '#deployments/rest';
import { identityRest } from '#identity/rest';
import { operationsRest } from '#operations/rest';
import { organizationsRest } from '#organizations/rest';

/** All contracts with a route, as the contexts list them. The gateway serves them for every context. */
export const ROUTED_CONTRACTS: readonly Contract[] = [
  ...identityRest,
  ...organizationsRest,
  ...accessKeysRest,
  ...billingRest,
  ...auditRest,
  ...deploymentsRest,
  ...operationsRest,
];
