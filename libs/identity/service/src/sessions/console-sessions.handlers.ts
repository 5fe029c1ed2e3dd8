import { accountSuspended, ACCESS, actorOf, type AccessSource } from '#access';
import { Caller, Input, refuse, reply, Serves, type ContextOf, type ReplyTo } from '#bus';
import type { InputOf } from '#bus/contract';
import { logOutRequest, startSessionRequest, useSessionRequest } from '#identity/contract';
import { LOGGER, type Logger } from '#kernel';
import { Controller, Inject } from '@nestjs/common';
import { identityErrors } from '../identity.errors.ts';
import { CONSOLE_SESSIONS, type ConsoleSessions } from './console-sessions.service.ts';

/** Sessions of the console, for the gateway, which holds their cookies. */
@Controller()
export class ConsoleSessionsHandlers {
  constructor(
    @Inject(CONSOLE_SESSIONS) private readonly sessions: ConsoleSessions,
    @Inject(ACCESS) private readonly access: AccessSource,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  @Serves(startSessionRequest)
  async start(
    @Input() input: InputOf<typeof startSessionRequest>,
    @Caller() context: ContextOf<typeof startSessionRequest>,
  ): Promise<ReplyTo<typeof startSessionRequest>> {
    const directory = await this.access.current();
    if (!directory.ok) return refuse(directory.error);
    const user = directory.value.users.get(input.userId);
    if (!user || user.erased) return refuse(identityErrors.erased());
    if (user.suspended) return refuse(accountSuspended());
    const started = await this.sessions.start(input, context);
    if (!started.ok) return refuse(started.error);
    this.log.info({ sessionId: started.value.sessionId, actor: input.userId }, 'a session of the console started');
    return reply(started.value);
  }

  @Serves(useSessionRequest)
  async use(
    @Input() { userId, sessionId }: InputOf<typeof useSessionRequest>,
    @Caller() context: ContextOf<typeof useSessionRequest>,
  ): Promise<ReplyTo<typeof useSessionRequest>> {
    const used = await this.sessions.use(userId, sessionId, context);
    return used.ok ? reply({ live: used.value }) : refuse(used.error);
  }

  /** Ends a session. Responds when no instance accepts its cookie. */
  @Serves(logOutRequest)
  async logOut(
    @Input() { userId, sessionId }: InputOf<typeof logOutRequest>,
    @Caller() context: ContextOf<typeof logOutRequest>,
  ): Promise<ReplyTo<typeof logOutRequest>> {
    const actor = actorOf({ kind: 'login', userId }, false);
    const ended = await this.sessions.end(userId, sessionId, 'logout', { ...context, actor });
    if (!ended.ok) return refuse(ended.error);
    if (ended.value.isEnded) await this.sessions.ended();
    return reply({ idToken: ended.value.idToken ?? null });
  }
}
