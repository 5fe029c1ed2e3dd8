import { temporaryFolder } from '#testing';
import { startTestIssuer, type Browser, type TestIssuer } from './issuer.fixture.ts';

const ADA = { email: 'ada@acme.dev', password: 'a long pass phrase' };
const GRACE = { email: 'grace@acme.dev', password: 'another pass phrase' };
const [HERE, THERE] = ['192.0.2.7', '198.51.100.9'];

describe('use-S3: limits on attempts, behind an ingress', () => {
  const folder = temporaryFolder();
  let at: TestIssuer;
  beforeAll(async () => {
    at = await startTestIssuer(folder);
    await at.issuer.accounts.create(ADA);
    await at.issuer.accounts.create(GRACE);
  });
  beforeEach(() => at.advance(3_600_000));
  afterAll(() => at.close());

  /** Submits wrong passwords with one browser, and returns the statuses. */
  const guess = async (times: number, pages: Browser, email = ADA.email) => {
    const { submit } = await at.loginPage(undefined, pages);
    const statuses: number[] = [];
    for (let n = 0; n < times; n++) statuses.push((await submit({ email, password: `wrong ${n}` })).status);
    return statuses;
  };
  const logIn = async (pages: Browser, account = ADA) => (await at.logIn(undefined, account, pages)).status;
  /** Returns a browser that has logged in before, and whose session has ended. */
  const known = async (address: string) => {
    const pages = at.browser(address);
    expect(await logIn(pages)).toBe(200);
    pages.forget('_session', '_session.sig');
    return pages;
  };

  it('apply to each address separately: five wrong passwords do not block another address', async () => {
    expect(await guess(6, at.browser(HERE))).toEqual([401, 401, 401, 401, 401, 429]);
    expect(await logIn(at.browser(HERE))).toBe(429);
    expect(await logIn(at.browser(HERE), GRACE)).toBe(200);
    expect(await logIn(at.browser(THERE))).toBe(200);
  });

  it('do not lock out the owner: a browser that has logged in before has its own limit', async () => {
    const pages = await known(HERE);
    await guess(6, at.browser(HERE));
    expect(await logIn(at.browser(HERE))).toBe(429);
    expect(await logIn(pages)).toBe(200);
  });

  it('block attempts on one account from many addresses, but not the owner', async () => {
    const pages = await known(HERE);
    for (let n = 0; n < 10; n++) await guess(5, at.browser(`198.51.100.${n}`));
    expect(await guess(1, at.browser('198.51.100.200'))).toEqual([429]);
    expect(await guess(1, at.browser('198.51.100.200'), GRACE.email)).toEqual([401]);
    expect(await logIn(pages)).toBe(200);
  });

  it('also apply to a browser that has logged in before, which is unknown to other accounts', async () => {
    const pages = await known(HERE);
    expect(await guess(6, pages)).toEqual([401, 401, 401, 401, 401, 429]);
    expect(await guess(6, pages, GRACE.email)).toEqual([401, 401, 401, 401, 401, 429]);
    expect(await logIn(at.browser(THERE))).toBe(200);
  });

  it('ignore a cookie that was changed or is from another installation', async () => {
    const pages = await known(HERE);
    await guess(6, at.browser(HERE));
    const forged = at.browser(HERE);
    const value = pages.cookie('astro_browser') ?? '';
    for (const changed of [`A${value.slice(1)}`, `${value.slice(0, -1)}${value.endsWith('A') ? 'B' : 'A'}`, 'x', '']) {
      forged.setCookie('astro_browser', changed);
      expect(await logIn(forged)).toBe(429);
    }
    forged.setCookie('astro_browser', value);
    expect(await logIn(forged)).toBe(200);
  });

  it('count wrong user codes by address, and separately for a browser that has logged in before', async () => {
    const pages = await known(HERE);
    const stranger = at.browser(HERE);
    for (const last of 'BCDFG') await at.enterCode(`BBBB-BBB${last}`, stranger);
    const { user_code: code } = await at.startDevice();
    expect((await at.enterCode(code, stranger)).confirm.status).toBe(429);
    expect((await at.enterCode(code, at.browser(HERE))).confirm.status).toBe(429);
    expect((await at.enterCode(code, at.browser(THERE))).confirm.status).toBe(200);
    expect((await at.enterCode(code, pages)).confirm).toMatchObject({
      status: 200,
      text: expect.stringContaining('Is this your device?') as unknown,
    });
  });

  it('count how often one device code is submitted, from all addresses together', async () => {
    const { user_code: code } = await at.startDevice();
    const statuses: number[] = [];
    for (let n = 0; n < 11; n++)
      statuses.push((await at.enterCode(String(code).toLowerCase(), at.browser(`198.51.100.${n}`))).confirm.status);
    expect(statuses).toEqual([...Array<number>(10).fill(200), 429]);
    const { user_code: other } = await at.startDevice();
    expect((await at.enterCode(other, at.browser('198.51.100.1'))).confirm.status).toBe(200);
  });

  it('count an IPv6 network of 64 bits as one address', async () => {
    expect(await guess(5, at.browser('2001:db8:1:2::1'))).toEqual([401, 401, 401, 401, 401]);
    expect(await guess(1, at.browser('2001:db8:1:2:ffff::9'))).toEqual([429]);
    expect(await guess(1, at.browser('2001:db8:1:3::1'))).toEqual([401]);
  });
});
