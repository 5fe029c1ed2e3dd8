import { Module } from '@nestjs/common';
import { GlobalRolesHandlers } from './global-roles/global-roles.handlers.ts';
import { GlobalRolesReactor } from './global-roles/global-roles.reactor.ts';
import { IdentityQueries } from './overview/identity.queries.ts';
import { People, PEOPLE } from './people/people.service.ts';
import { SessionsHandlers } from './sessions/sessions.handlers.ts';
import { LastLogins, LAST_LOGINS } from './users/last-logins.service.ts';
import { RegistrationHandlers } from './users/registration.handlers.ts';

/** Every slice of the context. The tokens that they ask for, IDENTITY_CONFIG among them, are given by the process. */
@Module({
  controllers: [RegistrationHandlers, GlobalRolesHandlers, IdentityQueries, SessionsHandlers],
  providers: [
    { provide: PEOPLE, useClass: People },
    { provide: LAST_LOGINS, useClass: LastLogins },
    GlobalRolesReactor,
  ],
})
export class IdentityModule {}
