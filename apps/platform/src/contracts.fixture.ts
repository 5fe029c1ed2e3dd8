import * as accessKeys from '#access-keys/contract';
import * as billing from '#billing/contract';
import type { Contract } from '#bus/contract';
import * as deployments from '#deployments/contract';
import * as identity from '#identity/contract';
import * as organizations from '#organizations/contract';

const isContract = (value: unknown): value is Contract =>
  typeof value === 'object' &&
  value !== null &&
  'subject' in value &&
  'kind' in value &&
  (value.kind === 'request' || value.kind === 'stream');

/** Every contract that the platform knows, so that a new one is tested without being named. */
export const CONTRACTS: readonly Contract[] = [accessKeys, billing, deployments, identity, organizations].flatMap(
  (module) => Object.values(module).filter(isContract),
);

/** Those with a route. */
export const ROUTES = CONTRACTS.flatMap((contract) =>
  contract.route === undefined ? [] : [{ contract, route: contract.route }],
);
