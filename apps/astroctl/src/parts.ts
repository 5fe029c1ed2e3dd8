import { accessKeysCommands, accessKeysGroups } from '#access-keys/cli';
import { createApiClient } from '#api-client';
import { auditCommands, auditGroups } from '#audit/cli';
import { billingCommands, billingGroups } from '#billing/cli';
import type { ProgramParts } from '#cli';
import { deploymentsCommands, deploymentsGroups } from '#deployments/cli';
import { identityCommands, identityGroups, interactiveLogin, keyOrganization, personOf } from '#identity/cli';
import { VERSION } from '#kernel';
import { operationsCommands, operationsGroups } from '#operations/cli';
import { organizationsCommands, organizationsGroups } from '#organizations/cli';
import { localCommands } from './local-commands.ts';

/** All commands of astroctl: for the program itself, completion, the reference and the check of the documentation. */
export const parts: ProgramParts = {
  version: VERSION,
  groups: [
    ...deploymentsGroups,
    ...identityGroups,
    ...organizationsGroups,
    ...accessKeysGroups,
    ...billingGroups,
    ...auditGroups,
    ...operationsGroups,
    { path: ['config'], summary: 'The configuration of this machine', examples: ['astroctl config view'] },
  ],
  commands: [
    ...deploymentsCommands,
    ...identityCommands,
    ...organizationsCommands,
    ...accessKeysCommands,
    ...billingCommands,
    ...auditCommands,
    ...operationsCommands,
    ...localCommands(() => parts),
  ],
  createClient: createApiClient,
  loginFlow: interactiveLogin,
  keyOrganization,
  personOf,
};
