import { endLoginKeysRequest } from '#access-keys/contract';
import { recordRefusalsRequest } from '#audit/contract';
import { plansOfRequest } from '#billing/contract';
import { departRequest, findInvitationRequest } from '#organizations/contract';
import type { ContextService } from '#runtime';
import { ErasedAddressesReactor } from './client-addresses/erased-addresses.reactor.ts';
import { adminsDecider } from './admins/admins.decider.ts';
import { GlobalRolesReactor } from './global-roles/global-roles.reactor.ts';
import { IdentityModule } from './identity.module.ts';
import { adminGreeting, issuerProviders } from './issuer.module.ts';
import { ErasureReactor } from './states/erasure.reactor.ts';
import { MailDelivery } from './mail/mail-delivery.service.ts';
import { MailSweep } from './mail/mail.sweep.ts';
import { passwordDecider } from './passwords/password.decider.ts';
import { sessionDecider } from './sessions/session.decider.ts';
import { usersProjection } from './overview/users.projection.ts';
import { subjectDecider } from './users/subject.decider.ts';
import { userDecider } from './users/user.decider.ts';

export { eraseRestored } from './states/restored-erasure.service.ts';

/** The service of this context, as a process composes it. */
export const identityService: ContextService = {
  name: 'identity',
  module: IdentityModule,
  engines: ['eventStore', 'readStore', 'vault', 'mail'],
  calls: [endLoginKeysRequest, recordRefusalsRequest, plansOfRequest, departRequest, findInvitationRequest],
  deciders: [userDecider, subjectDecider, adminsDecider, passwordDecider, sessionDecider],
  projections: [usersProjection],
  reactors: [GlobalRolesReactor, ErasedAddressesReactor, ErasureReactor],
  sweeps: [MailSweep],
  providers: issuerProviders,
  dependencies: (app) => {
    const detail = app.get(MailDelivery, { strict: false }).problem;
    return [{ name: 'mail', ok: detail === undefined, required: false, ...(detail !== undefined && { detail }) }];
  },
  greeting: adminGreeting,
};
