import { actorOf, endedSession } from '#access';
import { reply } from '#bus';
import type { BuiltInIssuer } from '#identity/issuer';
import { silentLogger } from '#kernel';
import { manualClock, temporaryFolder } from '#testing';
import { answeringBus, openEmbedded, type Embedded } from '#testing/embedded';
import type { People } from '../people/people.service.ts';
import { ConsoleSessionsHandlers } from './console-sessions.handlers.ts';
import { ConsoleSessions, IDLE_MS, LIFETIME_MS } from './console-sessions.service.ts';
import { SessionsHandlers } from './sessions.handlers.ts';
import { userDecider } from '../users/user.decider.ts';

const bus = answeringBus('identity', {
  'access-keys.v1.login-keys.end': () => reply({ keys: [] }),
});

describe('sessions of the console', () => {
  const folder = temporaryFolder();
  /** Nothing waits: only `pause` sets timers here. */
  const timer = (_ms: number, fire: () => void) => {
    queueMicrotask(fire);
    return { cancel: () => {} };
  };
  const clock = { ...manualClock(Date.now()), timer };
  /** Browser sessions at the built-in issuer. */
  const atIssuer = new Set<string>();
  let embedded: Embedded;
  let sessions: ConsoleSessions;
  let handlers: ConsoleSessionsHandlers;
  let rest: SessionsHandlers;
  let drawn = 0;

  beforeAll(async () => {
    embedded = await openEmbedded(folder);
    const issuer = {
      issuer: 'https://issuer.example',
      sessions: {
        of: (account: string) =>
          Promise.resolve(
            account === 'ada'
              ? [...atIssuer].map((sid) => ({
                  id: `browser-${sid}`,
                  sid,
                  kind: 'browser',
                  client: null,
                  startedAt: null,
                  expiresAt: null,
                }))
              : [],
          ),
        end: (account: string, choice: { readonly only?: string; readonly except?: string } = {}) => {
          const { only, except } = choice;
          const these = [...atIssuer].filter((sid) =>
            only === undefined ? `browser-${sid}` !== except : `browser-${sid}` === only,
          );
          if (account === 'ada') for (const sid of these) atIssuer.delete(sid);
          return Promise.resolve(account === 'ada' ? these.length : 0);
        },
        isLive: (sid: string) => Promise.resolve(atIssuer.has(sid)),
        endBrowser: (sid: string) => Promise.resolve(void atIssuer.delete(sid)),
      },
    };
    const builtIn = { issuer } as unknown as BuiltInIssuer;
    const { commands, access, vault, ids } = embedded;
    sessions = new ConsoleSessions(commands, access, vault, clock, ids, builtIn);
    handlers = new ConsoleSessionsHandlers(sessions, access, silentLogger);
    const people = {
      get: (id: string) => Promise.resolve({ issuer: 'https://issuer.example', subject: id }),
    } as unknown as People;
    rest = new SessionsHandlers(people, bus, builtIn, sessions);
    for (const user of ['ada', 'grace', 'linus'])
      await commands.run(userDecider, `user-${user}`, { type: 'register', globalRole: 'developer' }, bus.own({}));
  });
  afterAll(() => embedded.close());

  const newDigest = () => (drawn++).toString(16).padStart(64, '0');
  async function start(userId: string, more: { issuerSession?: string; replaces?: string; idToken?: string } = {}) {
    const digest = newDigest();
    if (more.issuerSession !== undefined) atIssuer.add(more.issuerSession);
    const started = await handlers.start({ userId, digest, authenticatedAtMs: clock.now(), ...more }, bus.own({}));
    if (!started.ok) throw new Error(started.error.code);
    return { userId, digest, id: started.value.sessionId };
  }
  type Started = Awaited<ReturnType<typeof start>>;
  const use = async ({ userId, id }: Started) => {
    const used = await handlers.use({ userId, sessionId: id }, bus.own({}));
    return used.ok && used.value.live;
  };
  /** What every instance of the platform knows. */
  const isKnown = async ({ userId, id, digest }: Started) => {
    const directory = await embedded.access.current();
    if (!directory.ok) throw new Error(directory.error.code);
    const session = directory.value.sessions.get(digest);
    const principal = { kind: 'login', userId, session: { id, authenticatedAtMs: 0 } } as const;
    expect(endedSession(principal, directory.value, 0) === undefined).toBe(session !== undefined);
    return session?.userId === userId;
  };
  const caller = ({ userId, id }: Started) =>
    embedded.request({ kind: 'login', userId, session: { id, authenticatedAtMs: clock.now() } });
  const listed = async (session: Started) => {
    const found = await rest.list({ limit: 100 }, caller(session));
    if (!found.ok) throw new Error(found.error.code);
    return found.value.items;
  };

  it('B29: end when they were not used for 8 hours, and are not revived by a late use', async () => {
    const session = await start('ada');
    for (let n = 0; n < 2; n++) {
      clock.advance(IDLE_MS - 1);
      expect(await use(session)).toBe(true);
    }
    const idle = await start('ada');
    clock.advance(IDLE_MS);
    expect(await use(idle)).toBe(false);
    clock.jump(-IDLE_MS); // the record is gone, also for a clock that is behind
    expect(await use(idle)).toBe(false);
    expect(await isKnown(idle)).toBe(false);
  });

  it('B29: end 24 hours after the login, however much they are used', async () => {
    const session = await start('ada');
    const directory = await embedded.access.current();
    expect(directory.ok && directory.value.sessions.get(session.digest)).toMatchObject({
      expiresAtMs: clock.now() + LIFETIME_MS,
    });
    for (let n = 0; n < 4; n++) {
      clock.advance(6 * 3_600_000);
      expect(await use(session)).toBe(n < 3);
    }
    expect(await isKnown(session)).toBe(false);
  });

  it('B27: end when the browser logs in again, also as somebody else', async () => {
    const first = await start('ada');
    const second = await start('ada', { replaces: first.digest });
    expect([await isKnown(first), await isKnown(second)]).toEqual([false, true]);
    const third = await start('grace', { replaces: second.digest });
    expect([await isKnown(second), await isKnown(third)]).toEqual([false, true]);
    expect(await use(second)).toBe(false);
    expect(
      (await handlers.start({ userId: 'ada', digest: newDigest(), replaces: 'f'.repeat(64) }, bus.own({}))).ok,
    ).toBe(true);
  });

  it('B28: end with a logout on every instance and at the built-in issuer, once', async () => {
    const session = await start('grace', { issuerSession: 'sid', idToken: 'the.id.token' });
    const logOut = () => handlers.logOut({ userId: 'grace', sessionId: session.id }, bus.own({}));
    expect(await logOut()).toMatchObject({ ok: true, value: { idToken: 'the.id.token' } });
    expect([await isKnown(session), await use(session), atIssuer.has('sid')]).toEqual([false, false, false]);
    expect(await logOut()).toMatchObject({ ok: true, value: { idToken: null } });
  });

  it('B28: end with their login at the built-in issuer, such as by a new password', async () => {
    const session = await start('grace', { issuerSession: 'other' });
    expect(await use(session)).toBe(true);
    atIssuer.delete('other');
    expect([await use(session), await isKnown(session)]).toEqual([false, false]);
  });

  it('are listed to their user, who ends one or all', async () => {
    const [laptop, phone] = [await start('linus'), await start('linus')];
    const other = await start('grace');
    const shown = await listed(laptop);
    expect(shown.map(({ id, kind, current }) => ({ id, kind, current }))).toEqual([
      { id: laptop.id, kind: 'console', current: true },
      { id: phone.id, kind: 'console', current: false },
    ]);
    expect(JSON.stringify(shown)).not.toContain(laptop.digest);

    expect(await rest.endOne({ session: other.id }, caller(laptop))).toMatchObject({
      error: { code: 'identity/no-such-session' },
    });
    expect(await rest.endOne({ session: phone.id }, caller(laptop))).toMatchObject({ value: { sessions: 1 } });
    expect([await isKnown(phone), await isKnown(laptop), await isKnown(other)]).toEqual([false, true, true]);
    await start('linus');
    expect(await rest.endAll({}, caller(laptop))).toMatchObject({ value: { sessions: 2, keys: [] } });
    expect([await isKnown(laptop), await isKnown(other)]).toEqual([false, true]);
    expect(await listed(laptop)).toEqual([]);
  });

  it('are listed with the login at the built-in issuer that they came from', async () => {
    const laptop = await start('ada', { issuerSession: 'laptop' });
    await start('ada', { issuerSession: 'phone' });
    const browsers = (await listed(laptop)).filter(({ kind }) => kind === 'browser');
    expect(browsers.map(({ id, current }) => ({ id, current }))).toEqual([
      { id: 'browser-laptop', current: true },
      { id: 'browser-phone', current: false },
    ]);
    expect(browsers[0]).not.toHaveProperty('sid');
  });

  describe('use-S11: end all others', () => {
    const others = (session: Started | undefined, keep?: string) =>
      rest.endAll(
        { others: true, ...(keep !== undefined && { keep }) },
        session ? caller(session) : embedded.request({ kind: 'login', userId: 'ada' }),
      );
    const kinds = async (session: Started) =>
      (await listed(session)).map(({ kind, current }) => (current ? `${kind}, current` : kind));
    let laptop: Started;
    let phone: Started;
    let grace: Started;
    beforeEach(async () => {
      await rest.endAll({}, embedded.request({ kind: 'login', userId: 'ada' }));
      atIssuer.clear();
      [laptop, phone, grace] = [
        await start('ada', { issuerSession: 'laptop' }),
        await start('ada', { issuerSession: 'phone' }),
        await start('grace'),
      ];
    });

    it('keeping the session that asks, with the login that it came from, and the keys', async () => {
      expect(await others(laptop)).toEqual(reply({ issuer: 'built-in', sessions: 2, keys: [] }));
      expect([await use(laptop), await isKnown(phone), await use(grace)]).toEqual([true, false, true]);
      expect(await kinds(laptop)).toEqual(['console, current', 'browser, current']);
      expect(await others(laptop)).toMatchObject({ value: { sessions: 0 } });
    });

    it('keeping the session that is named, also instead of the one that asks', async () => {
      expect(await others(laptop, phone.id)).toMatchObject({ value: { sessions: 2 } });
      expect([await isKnown(laptop), await use(phone)]).toEqual([false, true]);
      expect(await others(undefined, phone.id)).toMatchObject({ value: { sessions: 0 } });
      expect(await others(undefined, 'browser-phone')).toMatchObject({ value: { sessions: 1 } });
      expect([await isKnown(phone), [...atIssuer]]).toEqual([false, ['phone']]);
    });

    it('keeping none for an access token that names none, because it belongs to no session', async () => {
      expect(await others(undefined)).toMatchObject({ value: { sessions: 4 } });
      expect([await isKnown(laptop), await isKnown(phone), await use(grace)]).toEqual([false, false, true]);
    });

    it.each(['unknown', ''])('ending none if the session to keep is not one of the user: %p', async (id) => {
      expect(await others(laptop, id === '' ? grace.id : id)).toMatchObject({
        error: { code: 'identity/no-such-session' },
      });
      expect([await use(laptop), await use(phone), atIssuer.size]).toEqual([true, true, 2]);
    });
  });

  it('do not start for users who are suspended, erased, or unknown', async () => {
    const asked = (userId: string) => handlers.start({ userId, digest: newDigest() }, bus.own({}));
    expect(await asked('nobody')).toMatchObject({ error: { code: 'identity/erased' } });
    const context = { ...bus.own({}), actor: actorOf({ kind: 'login', userId: 'root' }, true) };
    await embedded.commands.run(userDecider, 'user-linus', { type: 'set-state', state: 'SUSPENDED' }, context);
    expect(await asked('linus')).toMatchObject({ error: { code: 'access/suspended' } });
  });

  it('B16: leave no secret and no token in the log', async () =>
    expect(JSON.stringify(await embedded.events())).not.toMatch(/the\.id\.token|sid/));
});
