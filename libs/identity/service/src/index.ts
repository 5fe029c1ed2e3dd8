import type { ContextService } from '#event-sourcing';
import { GlobalRolesReactor } from './admins/global-roles.reactor.ts';
import { IdentityModule } from './identity.module.ts';
import { usersProjection } from './overview/users.projection.ts';

/** The whole context, ready to be composed into a process. */
export const identityService: ContextService = {
  name: 'identity',
  module: IdentityModule,
  projections: [usersProjection],
  reactors: [GlobalRolesReactor],
  sweeps: [],
};
