import { temporaryFolder } from '#testing';
import { startTestIssuer, type Browser, type TestIssuer } from './issuer.fixture.ts';

const ADA = { email: 'ada@acme.dev', password: 'a long pass phrase' };
const GRACE = { email: 'grace@acme.dev', password: 'another pass phrase' };

describe('use-S11: the logins of an account', () => {
  const folder = temporaryFolder();
  let at: TestIssuer;
  beforeEach(async () => {
    at = await startTestIssuer(temporaryName());
    await at.issuer.accounts.create(ADA);
    await at.issuer.accounts.create(GRACE);
  });
  afterEach(() => at.close());

  let count = 0;
  const temporaryName = () => `${folder}/${count++}`;

  /** Logs in a device, and returns its tokens and the browser. */
  const login = async (account = ADA, pages: Browser = at.browser()) => {
    const device = await at.startDevice();
    expect((await at.logIn(device['user_code'], account, pages)).status).toBe(200);
    const { body } = await at.poll(device['device_code']);
    return { pages, refreshToken: String(body['refresh_token']) };
  };
  const refresh = (refreshToken: string) =>
    at.form('/token', { client_id: 'astroctl', grant_type: 'refresh_token', refresh_token: refreshToken });
  /** Returns whether a browser must log in. */
  const isLoginRequired = async (pages: Browser) =>
    (await at.loginPage(undefined, pages)).login.text.includes('name="password"');
  const idOf = async ({ email }: { readonly email: string }) => (await at.issuer.accounts.byAddress(email))?.id ?? '';

  it('end with a change of its password: refresh tokens, browser sessions, and codes not yet used', async () => {
    const [ada, grace] = [await login(), await login(GRACE)];
    const approved = await at.startDevice();
    await at.logIn(approved['user_code'], ADA);
    expect(await isLoginRequired(ada.pages)).toBe(false);

    expect(await at.issuer.accounts.setPassword(ADA.email, 'a new pass phrase')).toMatchObject({ ok: true });
    expect(await refresh(ada.refreshToken)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect(await isLoginRequired(ada.pages)).toBe(true);
    expect(await at.poll(approved['device_code'])).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect(await refresh(grace.refreshToken)).toMatchObject({ status: 200 });
    expect(await isLoginRequired(grace.pages)).toBe(false);
    await login({ ...ADA, password: 'a new pass phrase' });
  });

  it('continue when the new password is rejected', async () => {
    const { refreshToken } = await login();
    expect(await at.issuer.accounts.setPassword(ADA.email, 'short')).toMatchObject({ ok: false });
    expect(await refresh(refreshToken)).toMatchObject({ status: 200 });
  });

  it('are listed, and can be ended separately or all together', async () => {
    const { pages, refreshToken } = await login();
    const id = await idOf(ADA);
    const listed = await at.issuer.sessions.of(id);
    expect(listed).toEqual([
      {
        id: expect.any(String) as unknown,
        sid: expect.any(String) as unknown,
        kind: 'browser',
        client: null,
        startedAt: expect.stringMatching(/Z$/) as unknown,
        expiresAt: expect.stringMatching(/Z$/) as unknown,
      },
      expect.objectContaining({ kind: 'refresh-token', client: 'astroctl' }),
    ]);
    expect(JSON.stringify(listed)).not.toContain(refreshToken);
    expect(await at.issuer.sessions.end(await idOf(GRACE), { only: listed[0]?.id ?? '' })).toBe(0); // the session of another account
    expect(await at.issuer.sessions.end(id, { only: listed[1]?.id ?? '' })).toBe(1);
    expect(await refresh(refreshToken)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect(await isLoginRequired(pages)).toBe(false);
    await login();
    expect(await at.issuer.sessions.end(id)).toBe(3);
    expect(await isLoginRequired(pages)).toBe(true);
    expect(await at.issuer.sessions.of(id)).toEqual([]);
  });

  it('end with all others, except one: a browser or a refresh token', async () => {
    const [laptop, phone, grace] = [await login(), await login(), await login(GRACE)];
    const id = await idOf(ADA);
    const browser = (await at.issuer.sessions.of(id)).find(({ kind }) => kind === 'browser');
    const approved = await at.startDevice();
    await at.logIn(approved['user_code'], ADA, phone.pages);

    expect(await at.issuer.sessions.end(id, { except: browser?.id ?? '' })).toBe(3);
    expect([await isLoginRequired(laptop.pages), await isLoginRequired(phone.pages)].toSorted()).toEqual([false, true]);
    for (const { refreshToken } of [laptop, phone])
      expect(await refresh(refreshToken)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect(await at.poll(approved['device_code'])).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });

    const tablet = await login();
    const token = (await at.issuer.sessions.of(id)).find(({ kind }) => kind === 'refresh-token');
    expect(await at.issuer.sessions.end(id, { except: token?.id ?? '' })).toBe(1);
    expect(await isLoginRequired(tablet.pages)).toBe(false); // the token is valid as long as this session
    expect(await refresh(tablet.refreshToken)).toMatchObject({ status: 200 });

    expect(await refresh(grace.refreshToken)).toMatchObject({ status: 200 });
    expect(await isLoginRequired(grace.pages)).toBe(false);
  });
});
