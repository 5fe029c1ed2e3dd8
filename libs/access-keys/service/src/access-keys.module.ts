import { Module } from '@nestjs/common';
import { ExpiryAnnouncementsSweep } from './announcing/expiry-announcements.sweep.ts';
import { Issuing, ISSUING } from './issuing/issuing.service.ts';
import { IssuingHandlers } from './issuing/issuing.handlers.ts';
import { LoginHandlers } from './issuing/login.handlers.ts';
import { LeaksHandlers } from './leaks/leaks.handlers.ts';
import { KeyLimitsHandlers } from './limits/key-limits.handlers.ts';
import { KeyViews } from './overview/key-views.service.ts';
import { KeysQueries } from './overview/keys.queries.ts';
import { ReplayQueries } from './replay.queries.ts';
import { DeparturesReactor } from './revoking/departures.reactor.ts';
import { LoginKeysHandlers } from './revoking/login-keys.handlers.ts';
import { RevokingHandlers } from './revoking/revoking.handlers.ts';
import { RotatingHandlers } from './rotating/rotating.handlers.ts';
import { Usage, USAGE, UsageHandlers } from './usage/usage.handlers.ts';

/** All slices of the context. The process provides the tokens that they inject (`#runtime`). */
@Module({
  controllers: [
    ReplayQueries,
    LoginHandlers,
    IssuingHandlers,
    RevokingHandlers,
    RotatingHandlers,
    KeysQueries,
    KeyLimitsHandlers,
    UsageHandlers,
    LeaksHandlers,
    LoginKeysHandlers,
  ],
  providers: [
    { provide: ISSUING, useClass: Issuing },
    { provide: USAGE, useClass: Usage },
    KeyViews,
    DeparturesReactor,
    ExpiryAnnouncementsSweep,
  ],
})
export class AccessKeysModule {}
