import { Module } from '@nestjs/common';
import { AdminsHandlers } from './admins/admins.handlers.ts';
import { GlobalRolesReactor } from './admins/global-roles.reactor.ts';
import { IdentityQueries } from './overview/identity.queries.ts';
import { People, PEOPLE } from './people/people.service.ts';
import { LastLogins, LAST_LOGINS } from './users/last-logins.service.ts';
import { RegistrationHandlers } from './users/registration.handlers.ts';

/** Every slice of the context. The tokens that they ask for, IDENTITY_CONFIG among them, are given by the process. */
@Module({
  controllers: [RegistrationHandlers, AdminsHandlers, IdentityQueries],
  providers: [
    { provide: PEOPLE, useClass: People },
    { provide: LAST_LOGINS, useClass: LastLogins },
    GlobalRolesReactor,
  ],
})
export class IdentityModule {}
