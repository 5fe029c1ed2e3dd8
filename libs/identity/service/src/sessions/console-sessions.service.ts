import { ACCESS, actorOf, PROPAGATION_MS, type AccessSource, type SessionEndReason } from '#access';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { BUILT_IN_ISSUER, type BuiltInIssuer } from '#identity/issuer';
import {
  CLOCK,
  IDS,
  ok,
  pause,
  type Actor,
  type Clock,
  type CommandContext,
  type DomainError,
  type Ids,
  type Result,
} from '#kernel';
import { decodeText, encodeText, VAULT, type Vault } from '#vault';
import { Inject, Injectable } from '@nestjs/common';
import { sessionDecider, sessionsStream } from './session.decider.ts';

const HOUR_MS = 3_600_000;
/** A session ends after this time without a request, and after its lifetime in any case. */
export const IDLE_MS = 8 * HOUR_MS;
export const LIFETIME_MS = 24 * HOUR_MS;

/** What a session needs later. Times in milliseconds since 1970. */
interface SessionRecord {
  readonly startedAtMs: number;
  readonly lastUsedAtMs: number;
  readonly expiresAtMs: number;
  readonly idToken?: string;
  readonly issuerSession?: string;
}

/** A session of the console, for its user. */
interface ConsoleSession extends Omit<SessionRecord, 'idToken'> {
  readonly id: string;
}

interface NewSession {
  readonly userId: string;
  readonly digest: string;
  readonly authenticatedAtMs?: number | undefined;
  readonly idToken?: string | undefined;
  readonly issuerSession?: string | undefined;
  readonly replaces?: string | undefined;
}

const PLATFORM = actorOf({ kind: 'service', service: 'identity' }, false);
const personOf = (userId: string): Actor => actorOf({ kind: 'login', userId }, false);

const folderOf = (userId: string): string => `session/${userId}/`;

export const CONSOLE_SESSIONS = Symbol('console sessions');

/**
 * Sessions of the console. Their begin and end are events, which every process follows. Each has a record in the vault
 * under `session/<user id>/<session id>`, which expires with it.
 */
@Injectable()
export class ConsoleSessions {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(ACCESS) private readonly access: AccessSource,
    @Inject(VAULT) private readonly vault: Vault,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: Ids,
    @Inject(BUILT_IN_ISSUER) private readonly builtIn: BuiltInIssuer | null,
  ) {}

  /** Starts a session, and ends the one that it replaces. */
  async start(
    { userId, digest, authenticatedAtMs, idToken, issuerSession, replaces }: NewSession,
    context: CommandContext,
  ): Promise<Result<{ readonly sessionId: string; readonly expiresAtMs: number }, DomainError>> {
    const sessionId = this.ids.uuid();
    const nowMs = this.clock.now();
    const expiresAtMs = nowMs + LIFETIME_MS;
    const record: SessionRecord = {
      startedAtMs: nowMs,
      lastUsedAtMs: nowMs,
      expiresAtMs,
      ...(idToken !== undefined && { idToken }),
      ...(issuerSession !== undefined && { issuerSession }),
    };
    // The record is written before the event that contains its ID.
    await this.write(userId, sessionId, record, 'absent');
    const command = {
      type: 'start-session',
      sessionId,
      digest,
      nowMs,
      expiresAtMs,
      // The clock of the issuer may be ahead.
      ...(authenticatedAtMs !== undefined && { authenticatedAtMs: Math.min(authenticatedAtMs, nowMs) }),
    } as const;
    const started = await this.commands.run(sessionDecider, sessionsStream(userId), command, {
      ...context,
      actor: personOf(userId),
    });
    if (!started.ok) return started;
    const replaced = replaces === undefined ? ok(undefined) : await this.replace(replaces, context);
    return replaced.ok ? ok({ sessionId, expiresAtMs }) : replaced;
  }

  /**
   * Records the use of a session.
   *
   * @returns false if it has ended, was idle for too long, or its login at the built-in issuer has ended
   */
  async use(userId: string, sessionId: string, context: CommandContext): Promise<Result<boolean, DomainError>> {
    const found = await this.read(userId, sessionId);
    if (!found) return ok(false);
    const { record, version } = found;
    const nowMs = this.clock.now();
    const reason = await this.endOf(record, nowMs);
    if (reason !== undefined) {
      const ended = await this.end(userId, sessionId, reason, { ...context, actor: PLATFORM });
      return ended.ok ? ok(false) : ended;
    }
    // A conflict is another use at the same time, or the end of the session, which its event tells.
    await this.write(userId, sessionId, { ...record, lastUsedAtMs: nowMs }, version);
    return ok(true);
  }

  /**
   * Ends a session and, after a logout, the login at the built-in issuer that it came from. Does not wait until every
   * process knows; see `ended`.
   *
   * @returns the ID token of the login, if the session existed
   */
  async end(
    userId: string,
    sessionId: string,
    reason: SessionEndReason,
    context: CommandContext,
  ): Promise<Result<{ readonly isEnded: boolean; readonly idToken?: string }, DomainError>> {
    const found = await this.read(userId, sessionId);
    const command = { type: 'end-session', sessionId, reason } as const;
    const ended = await this.commands.run(sessionDecider, sessionsStream(userId), command, context, {
      step: `end ${sessionId}`,
    });
    if (!ended.ok) return ended;
    const { idToken, issuerSession } = found?.record ?? {};
    if (reason === 'logout' && issuerSession !== undefined)
      await this.builtIn?.issuer.sessions.endBrowser(issuerSession);
    await this.vault.delete(`${folderOf(userId)}${sessionId}`);
    return ok({ isEnded: ended.value.events.length > 0, ...(idToken !== undefined && { idToken }) });
  }

  /**
   * Ends all sessions of a person, but one if `except` is its ID.
   *
   * @returns their number
   */
  async endAll(
    userId: string,
    { reason, except }: { readonly reason: SessionEndReason; readonly except?: string | undefined },
    context: CommandContext,
  ): Promise<Result<number, DomainError>> {
    const command = { type: 'end-all-sessions', reason, except } as const;
    const ended = await this.commands.run(sessionDecider, sessionsStream(userId), command, context, {
      step: 'end all sessions',
    });
    if (!ended.ok) return ended;
    await this.forget(userId, except);
    return ok(ended.value.events.length);
  }

  /** Resolves when no process accepts a session that has ended. */
  ended(): Promise<void> {
    return pause(this.clock, PROPAGATION_MS);
  }

  /** Deletes the records of a person's sessions, but that of the session `except`. */
  async forget(userId: string, except?: string): Promise<void> {
    const names: string[] = [];
    for await (const { name } of this.vault.list(folderOf(userId))) names.push(name);
    const kept = except === undefined ? undefined : `${folderOf(userId)}${except}`;
    for (const name of names) if (name !== kept) await this.vault.delete(name);
  }

  /** Returns the sessions of a person, oldest first. */
  async of(userId: string): Promise<Result<readonly ConsoleSession[], DomainError>> {
    const loaded = await this.commands.load(sessionDecider, sessionsStream(userId));
    if (!loaded.ok) return loaded;
    const nowMs = this.clock.now();
    const sessions: ConsoleSession[] = [];
    for (const id of loaded.value.state.keys()) {
      const { record } = (await this.read(userId, id)) ?? {};
      if (!record || nowMs >= record.expiresAtMs || nowMs - record.lastUsedAtMs >= IDLE_MS) continue;
      const { idToken: _, ...session } = record;
      sessions.push({ id, ...session });
    }
    return ok(sessions);
  }

  private async replace(digest: string, context: CommandContext): Promise<Result<unknown, DomainError>> {
    const directory = await this.access.current();
    if (!directory.ok) return directory;
    const former = directory.value.sessions.get(digest);
    return former === undefined
      ? ok(undefined)
      : this.end(former.userId, former.id, 'replaced', { ...context, actor: personOf(former.userId) });
  }

  private async endOf(record: SessionRecord, nowMs: number): Promise<SessionEndReason | undefined> {
    if (nowMs - record.lastUsedAtMs >= IDLE_MS || nowMs >= record.expiresAtMs) return 'idle';
    const sid = record.issuerSession;
    if (sid === undefined || !this.builtIn) return undefined;
    return (await this.builtIn.issuer.sessions.isLive(sid)) ? undefined : 'issuer';
  }

  private async read(
    userId: string,
    sessionId: string,
  ): Promise<{ readonly record: SessionRecord; readonly version: number } | undefined> {
    const found = await this.vault.get(`${folderOf(userId)}${sessionId}`);
    // Written below and sealed, so that it needs no validation.
    return found && { record: JSON.parse(decodeText(found.value)) as SessionRecord, version: found.version };
  }

  private write(userId: string, sessionId: string, record: SessionRecord, expected: number | 'absent') {
    return this.vault.put(`${folderOf(userId)}${sessionId}`, encodeText(JSON.stringify(record)), {
      expected,
      expiresAtMs: record.expiresAtMs,
    });
  }
}
