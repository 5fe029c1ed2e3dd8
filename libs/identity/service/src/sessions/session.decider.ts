import { sessionEvents, type SessionEndReason, type SessionEvent } from '#access';
import { assertNever, ok, type Decider, type Result } from '#kernel';

/** Maximum number of sessions of one person. Another login ends the oldest one. */
export const MAX_SESSIONS = 50;

export const sessionsStream = (userId: string): string => `sessions-${userId}`;

/**
 * When the sessions of a person expire that have not ended, by ID, oldest first, in milliseconds since 1970. Some may
 * have expired.
 */
export type Sessions = ReadonlyMap<string, number>;

export type SessionCommand =
  | {
      readonly type: 'start-session';
      readonly sessionId: string;
      readonly digest: string;
      /** Milliseconds since 1970. */
      readonly nowMs: number;
      readonly authenticatedAtMs?: number;
      readonly expiresAtMs: number;
    }
  | { readonly type: 'end-session'; readonly sessionId: string; readonly reason: SessionEndReason }
  | {
      readonly type: 'end-all-sessions';
      readonly reason: SessionEndReason;
      /** ID of a session that continues. */
      readonly except?: string | undefined;
    };

/** Decides about the sessions of the console of one person. Stream: `sessions-<user id>`. */
export const sessionDecider: Decider<Sessions, SessionCommand, SessionEvent, never> = {
  events: sessionEvents,
  initialState: new Map(),
  evolve,
  decide,
};

function evolve(sessions: Sessions, event: SessionEvent): Sessions {
  const changed = new Map(sessions);
  switch (event.type) {
    case 'session.started.v1': {
      const { sessionId, startedAt, expiresAt } = event.data;
      const startedAtMs = Date.parse(startedAt);
      for (const [id, expiresAtMs] of sessions) if (expiresAtMs <= startedAtMs) changed.delete(id);
      return changed.set(sessionId, Date.parse(expiresAt));
    }
    case 'session.ended.v1':
      changed.delete(event.data.sessionId);
      return changed;
    default:
      return assertNever(event);
  }
}

function decide(command: SessionCommand, sessions: Sessions): Result<readonly SessionEvent[], never> {
  switch (command.type) {
    case 'start-session': {
      const { sessionId, digest, nowMs, authenticatedAtMs, expiresAtMs } = command;
      const live = [...sessions].filter(([, endsMs]) => endsMs > nowMs).map(([id]) => id);
      const excess = live.slice(0, Math.max(0, live.length - MAX_SESSIONS + 1));
      const started = {
        sessionId,
        digest,
        startedAt: timeOf(nowMs),
        ...(authenticatedAtMs !== undefined && { authenticatedAt: timeOf(authenticatedAtMs) }),
        expiresAt: timeOf(expiresAtMs),
      };
      return ok([...excess.map((id) => ended(id, 'limit')), { type: 'session.started.v1', data: started }]);
    }
    case 'end-session':
      return ok(sessions.has(command.sessionId) ? [ended(command.sessionId, command.reason)] : []);
    case 'end-all-sessions':
      return ok([...sessions.keys()].filter((id) => id !== command.except).map((id) => ended(id, command.reason)));
    default:
      return assertNever(command);
  }
}

const ended = (sessionId: string, reason: SessionEndReason): SessionEvent => ({
  type: 'session.ended.v1',
  data: { sessionId, reason },
});

const timeOf = (ms: number): string => new Date(ms).toISOString();
