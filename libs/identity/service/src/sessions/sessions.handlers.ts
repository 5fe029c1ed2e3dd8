import { endLoginKeysRequest } from '#access-keys/contract';
import {
  BUS,
  Caller,
  Input,
  refuse,
  reply,
  Serves,
  type Bus,
  type ContextOf,
  type ReplyTo,
  type RequestContext,
} from '#bus';
import { pageOf, type InputOf, type OutputOf } from '#bus/contract';
import { endSessionRequest, endSessionsRequest, listSessionsRequest } from '#identity/contract';
import { BUILT_IN_ISSUER, type BuiltInIssuer, type Issuer } from '#identity/issuer';
import { formatSeconds, ok } from '#kernel';
import { Controller, Inject } from '@nestjs/common';
import { identityErrors } from '../identity.errors.ts';
import { PEOPLE, type People } from '../people/people.service.ts';
import { CONSOLE_SESSIONS, type ConsoleSessions } from './console-sessions.service.ts';

type SessionView = OutputOf<typeof listSessionsRequest>['items'][number];

/** Returns the ID of the caller's session of the console; undefined for an access token. */
const sessionOf = ({ principal }: Pick<RequestContext, 'principal'>): string | undefined =>
  principal.kind === 'login' ? principal.session?.id : undefined;

/** Sessions of the caller in the console and at the built-in issuer, and the keys that logins have created. */
@Controller()
export class SessionsHandlers {
  constructor(
    @Inject(PEOPLE) private readonly people: People,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(BUILT_IN_ISSUER) private readonly builtIn: BuiltInIssuer | null,
    @Inject(CONSOLE_SESSIONS) private readonly console: ConsoleSessions,
  ) {}

  @Serves(listSessionsRequest)
  async list(
    @Input() place: InputOf<typeof listSessionsRequest>,
    @Caller() context: ContextOf<typeof listSessionsRequest>,
  ): Promise<ReplyTo<typeof listSessionsRequest>> {
    const found = await this.sessionsOf(context.actor.id);
    if (!found.ok) return refuse(found.error);
    const { inConsole, atIssuer } = found.value;
    const current = sessionOf(context);
    const loginOfCurrent = inConsole.find(({ id }) => id === current)?.issuerSession;
    const all: readonly SessionView[] = [
      ...inConsole.map(({ id, startedAtMs, expiresAtMs, lastUsedAtMs }) => ({
        id,
        kind: 'console' as const,
        client: null,
        startedAt: formatSeconds(startedAtMs),
        expiresAt: formatSeconds(expiresAtMs),
        lastUsedAt: formatSeconds(lastUsedAtMs - (lastUsedAtMs % 60_000)),
        current: id === current,
      })),
      ...atIssuer.map(({ sid, ...session }) => ({
        ...session,
        lastUsedAt: null,
        current: sid !== null && sid === loginOfCurrent,
      })),
    ];
    const { items, ...rest } = pageOf(all, ({ id }) => id, place);
    return reply({ issuer: this.kind(), items: [...items], ...rest });
  }

  /** Ends sessions. Keys are revoked first, because they live longest. A repeat ends those that are left. */
  @Serves(endSessionsRequest)
  async endAll(
    @Input() { others = false, keep }: InputOf<typeof endSessionsRequest>,
    @Caller() context: ContextOf<typeof endSessionsRequest>,
  ): Promise<ReplyTo<typeof endSessionsRequest>> {
    if (others) return this.endOthers(keep ?? sessionOf(context), context);
    const { id } = context.actor;
    const keys = await this.bus.request(endLoginKeysRequest, { memberId: id }, this.bus.own(context));
    if (!keys.ok) return refuse(keys.error);
    const account = await this.accountOf(id);
    const atIssuer = account ? await account.sessions.end(account.id) : 0;
    const inConsole = await this.console.endAll(id, { reason: 'logout' }, context);
    if (!inConsole.ok) return refuse(inConsole.error);
    if (inConsole.value > 0) await this.console.ended();
    return reply({ issuer: this.kind(), sessions: atIssuer + inConsole.value, keys: keys.value.keys });
  }

  @Serves(endSessionRequest)
  async endOne(
    @Input() { session }: InputOf<typeof endSessionRequest>,
    @Caller() context: ContextOf<typeof endSessionRequest>,
  ): Promise<ReplyTo<typeof endSessionRequest>> {
    const { id } = context.actor;
    const ended = await this.console.end(id, session, 'logout', context);
    if (!ended.ok) return refuse(ended.error);
    if (ended.value.isEnded) {
      await this.console.ended();
      return reply({ issuer: this.kind(), sessions: 1, keys: [] });
    }
    const account = await this.accountOf(id);
    const sessions = account ? await account.sessions.end(account.id, { only: session }) : 0;
    return sessions === 0 ? refuse(identityErrors.noSuchSession()) : reply({ issuer: this.kind(), sessions, keys: [] });
  }

  /** Ends all sessions but one, with the login at the built-in issuer that it came from. Keys stay valid. */
  private async endOthers(
    keep: string | undefined,
    context: ContextOf<typeof endSessionsRequest>,
  ): Promise<ReplyTo<typeof endSessionsRequest>> {
    const { id } = context.actor;
    const found = await this.sessionsOf(id);
    if (!found.ok) return refuse(found.error);
    const { account, inConsole, atIssuer } = found.value;
    const kept = inConsole.find((session) => session.id === keep);
    const login = atIssuer.find(
      (session) => session.id === keep || (session.sid !== null && session.sid === kept?.issuerSession),
    );
    if (keep !== undefined && !kept && !login) return refuse(identityErrors.noSuchSession());
    const endedAtIssuer = account ? await account.sessions.end(account.id, login && { except: login.id }) : 0;
    const ended = await this.console.endAll(id, { reason: 'logout', except: kept?.id }, context);
    if (!ended.ok) return refuse(ended.error);
    if (ended.value > 0) await this.console.ended();
    return reply({ issuer: this.kind(), sessions: endedAtIssuer + ended.value, keys: [] });
  }

  /** Returns the sessions of a user in the console and at the built-in issuer, and the user's account there. */
  private async sessionsOf(userId: string) {
    const inConsole = await this.console.of(userId);
    if (!inConsole.ok) return inConsole;
    const account = await this.accountOf(userId);
    const atIssuer = account ? await account.sessions.of(account.id) : [];
    return ok({ inConsole: inConsole.value, account, atIssuer });
  }

  private kind(): 'built-in' | 'external' {
    return this.builtIn ? 'built-in' : 'external';
  }

  /** Returns a person's account at the built-in issuer; undefined if the person logs in elsewhere. */
  private async accountOf(
    userId: string,
  ): Promise<{ readonly id: string; readonly sessions: Issuer['sessions'] } | undefined> {
    const person = await this.people.get(userId);
    const issuer = this.builtIn?.issuer;
    return person && issuer?.issuer === person.issuer ? { id: person.subject, sessions: issuer.sessions } : undefined;
  }
}
