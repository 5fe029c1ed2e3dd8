import { Module } from '@nestjs/common';
import { ClientAddressesHandlers } from './client-addresses/client-addresses.handlers.ts';
import { ClientAddresses, CLIENT_ADDRESSES } from './client-addresses/client-addresses.service.ts';
import { ErasedAddressesReactor } from './client-addresses/erased-addresses.reactor.ts';
import { GlobalRolesHandlers } from './global-roles/global-roles.handlers.ts';
import { GlobalRolesReactor } from './global-roles/global-roles.reactor.ts';
import { IssuerQueries } from './issuer.queries.ts';
import { IdentityQueries } from './overview/identity.queries.ts';
import { MailDelivery } from './mail/mail-delivery.service.ts';
import { MailHandlers } from './mail/mail.handlers.ts';
import { MailSweep } from './mail/mail.sweep.ts';
import { IssuerPages } from './passwords/issuer-pages.service.ts';
import { PasswordLinks } from './passwords/password-links.service.ts';
import { PasswordsHandlers } from './passwords/passwords.handlers.ts';
import { People, PEOPLE } from './people/people.service.ts';
import { ConsoleSessionsHandlers } from './sessions/console-sessions.handlers.ts';
import { ConsoleSessions, CONSOLE_SESSIONS } from './sessions/console-sessions.service.ts';
import { SessionsHandlers } from './sessions/sessions.handlers.ts';
import { ErasureReactor } from './states/erasure.reactor.ts';
import { Erasure } from './states/erasure.service.ts';
import { StatesHandlers } from './states/states.handlers.ts';
import { LastLogins, LAST_LOGINS } from './users/last-logins.service.ts';
import { RegistrationHandlers } from './users/registration.handlers.ts';

/** All slices of the context. The process provides the tokens that they inject, including IDENTITY_CONFIG. */
@Module({
  controllers: [
    RegistrationHandlers,
    GlobalRolesHandlers,
    IdentityQueries,
    IssuerQueries,
    SessionsHandlers,
    ConsoleSessionsHandlers,
    ClientAddressesHandlers,
    StatesHandlers,
    MailHandlers,
    PasswordsHandlers,
  ],
  providers: [
    { provide: PEOPLE, useClass: People },
    { provide: CLIENT_ADDRESSES, useClass: ClientAddresses },
    { provide: LAST_LOGINS, useClass: LastLogins },
    { provide: CONSOLE_SESSIONS, useClass: ConsoleSessions },
    GlobalRolesReactor,
    ErasedAddressesReactor,
    Erasure,
    ErasureReactor,
    MailDelivery,
    MailSweep,
    PasswordLinks,
    IssuerPages,
  ],
})
export class IdentityModule {}
