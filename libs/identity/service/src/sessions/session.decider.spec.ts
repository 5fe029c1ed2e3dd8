import type { SessionEndReason, SessionEvent } from '#access';
import type { Actor } from '#kernel';
import { specify } from '#testing';
import { MAX_SESSIONS, sessionDecider } from './session.decider.ts';

const ada: Actor = { id: 'ada', kind: 'person', isGlobalAdmin: false };
const NOW = Date.UTC(2026, 0, 1);
const HOUR = 3_600_000;
const at = (ms: number): string => new Date(ms).toISOString();
const digestOf = (sessionId: string): string => sessionId.padEnd(64, '0');
const started = (sessionId: string, startedMs = NOW): SessionEvent => ({
  type: 'session.started.v1',
  data: {
    sessionId,
    digest: digestOf(sessionId),
    startedAt: at(startedMs),
    authenticatedAt: at(startedMs),
    expiresAt: at(startedMs + 24 * HOUR),
  },
});
const ended = (sessionId: string, reason: SessionEndReason): SessionEvent => ({
  type: 'session.ended.v1',
  data: { sessionId, reason },
});
const start = (sessionId: string, nowMs = NOW) => ({
  type: 'start-session' as const,
  sessionId,
  digest: digestOf(sessionId),
  nowMs,
  authenticatedAtMs: nowMs,
  expiresAtMs: nowMs + 24 * HOUR,
});
const many = Array.from({ length: MAX_SESSIONS }, (_, n) => started(`s${n}`, NOW + n));

const { given } = specify(sessionDecider);

describe('the sessions of a person', () => {
  it('start with an ID, a digest, and their last moment', () =>
    given().when(start('a'), ada).thenRecorded(started('a')));

  it('have no time of authentication if the issuer did not say it', () => {
    const { authenticatedAtMs: _, ...unknown } = start('a');
    const event = started('a');
    const data = { ...event.data, authenticatedAt: undefined };
    given()
      .when(unknown, ada)
      .thenRecorded({ ...event, data } as SessionEvent);
  });

  it('end once', () => {
    const end = { type: 'end-session', sessionId: 'a', reason: 'logout' } as const;
    given(started('a'), started('b')).when(end, ada).thenRecorded(ended('a', 'logout'));
    given(started('a'), ended('a', 'idle')).when(end, ada).thenNothingRecorded();
    given().when(end, ada).thenNothingRecorded();
  });

  it('end all together, those that have ended excepted', () =>
    given(started('a'), started('b'), ended('a', 'logout'), started('c'))
      .when({ type: 'end-all-sessions', reason: 'suspended' }, ada)
      .thenRecorded(ended('b', 'suspended'), ended('c', 'suspended')));

  it('end all but one', () => {
    const others = { type: 'end-all-sessions', reason: 'logout', except: 'b' } as const;
    given(started('a'), started('b'), started('c'))
      .when(others, ada)
      .thenRecorded(ended('a', 'logout'), ended('c', 'logout'));
    given(started('b')).when(others, ada).thenNothingRecorded();
  });

  it('are bounded: a further login ends the oldest one', () =>
    given(...many)
      .when(start('new', NOW + HOUR), ada)
      .thenRecorded(ended('s0', 'limit'), started('new', NOW + HOUR)));

  it('do not count when they have expired', () =>
    given(...many)
      .when(start('new', NOW + 24 * HOUR), ada)
      .thenRecorded(started('new', NOW + 24 * HOUR)));
});
