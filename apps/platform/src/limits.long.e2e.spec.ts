import {
  call,
  eventually,
  loginAdmin,
  newPerson,
  startAgain,
  startPlatform,
  type PersonResponse,
  type Person,
  type Platform,
} from '#testing';
import { logOf } from '#testing/log';

const PROFILES = 5; // of the plan developer; `default`, which the platform creates, does not count

const MEMBERS = 5; // of the plan developer, with pending invitations

describe('A18: the limit of members, with invitations and additions in any order', () => {
  let platform: Platform;
  let ada: Person;
  let people: readonly Person[];
  const organization = () => `/v1/organizations/${ada.organization.id}`;
  const invite = (email: string) =>
    call(platform.url, `POST ${organization()}/invitations`, { credential: ada.key, body: { email, role: 'viewer' } });
  const add = ({ userId }: Person) =>
    call(platform.url, `PUT ${organization()}/members/${userId}`, { credential: ada.key, body: { role: 'viewer' } });

  beforeAll(async () => {
    platform = await startPlatform();
    ada = await loginAdmin(platform);
    const made: Person[] = [];
    for (let index = 0; index < 5; index += 1)
      made.push(await newPerson(platform, `person-${index}@acme.dev`, `password of person ${index}`));
    people = made;
  });
  afterAll(() => platform.stop());

  it('allows exactly one of 50 parallel requests at limit - 1; the others report limit, use and plan', async () => {
    const [member, ...others] = people;
    if (member === undefined) throw new Error('nobody to add');
    expect((await add(member)).status).toBe(200);
    for (const email of ['one@acme.dev', 'two@acme.dev']) expect((await invite(email)).status).toBe(201);
    const responses = await Promise.all([
      ...others.map(add),
      ...Array.from({ length: 50 - others.length }, (_, index) => invite(`race-${index}@acme.dev`)),
    ]);
    const refused = responses.filter(({ status }) => status === 403);
    expect([responses.filter(({ status }) => status < 300).length, refused.length]).toEqual([1, 49]);
    for (const { body } of refused)
      expect(body).toMatchObject({
        code: 'organization/seat-limit',
        limit: MEMBERS,
        used: MEMBERS,
        plan: 'developer',
      });
    const items = async (what: string) =>
      (
        (await call(platform.url, `GET ${organization()}/${what}`, { credential: ada.key })).body as {
          items: unknown[];
        }
      ).items;
    await eventually(async () =>
      expect((await items('members')).length + (await items('invitations')).length).toBe(MEMBERS),
    );
  });
});

describe('A18: the limit of profiles, with requests in any order', () => {
  let platform: Platform;
  let ada: Person;
  const address = (name: string) => `/v1/organizations/${ada.organization.id}/profiles/${name}`;
  const put = (url: string, name: string) =>
    call(url, `PUT ${address(name)}`, { credential: ada.key, body: { profileName: name, clusterName: 'sandbox' } });
  const remove = (url: string, name: string) => call(url, `DELETE ${address(name)}`, { credential: ada.key });
  const names = async (url: string, more: Readonly<Record<string, string>> = {}): Promise<string[]> => {
    const { body } = await call(url, `GET /v1/organizations/${ada.organization.id}/profiles`, {
      credential: ada.key,
      headers: more,
    });
    return (body as { items: { name: string }[] }).items.map(({ name }) => name).toSorted();
  };

  const own = (list: readonly string[]) => list.filter((name) => name !== 'default');

  beforeAll(async () => {
    platform = await startPlatform();
    ada = await loginAdmin(platform);
    expect(await names(platform.url)).toEqual(['default']);
  });
  afterAll(() => platform.stop());

  it('allows exactly one of 50 parallel creates at limit - 1; the others report limit, use and plan', async () => {
    for (const name of ['one', 'two', 'three', 'four']) expect((await put(platform.url, name)).status).toBe(201);
    const responses = await Promise.all(Array.from({ length: 50 }, (_, index) => put(platform.url, `race-${index}`)));
    const created = responses.filter(({ status }) => status === 201);
    const refused = responses.filter(({ status }) => status === 403);
    expect([created.length, refused.length]).toEqual([1, 49]);
    for (const { body } of refused)
      expect(body).toMatchObject({ code: 'billing/profile-limit', limit: PROFILES, used: PROFILES, plan: 'developer' });
    const position = created[0]?.headers.get('consistency') ?? '';
    expect(own(await names(platform.url, { consistency: position }))).toHaveLength(PROFILES);
  });

  it('is reported by astroctl with exit code 9, and nothing is created', async () => {
    const done = await ada.machine.astroctl(['app', 'profile', 'apply', '-f', '-'], {
      input: 'profileName: over\nclusterName: sandbox\n',
    });
    expect(done).toMatchObject({ code: 9, stdout: '' });
    expect(done.stderr).toMatch(
      /^Error: \S+ uses 5 of the 5 profiles of plan developer; profile\/over was not created\.$/m,
    );
    expect(done.stderr).toMatch(/^Ref: {3}billing\/profile-limit {2}request /m);
  });

  it('F22: loses and duplicates no name in 25 interleaved creates and deletes with a kill among them', async () => {
    const free = own(await names(platform.url));
    let answered = 0;
    const work: Promise<PersonResponse | undefined>[] = [];
    for (let index = 0; index < 25; index++) {
      const name = free[index % free.length] ?? 'one';
      for (const send of [
        () => remove(platform.url, name),
        () => put(platform.url, index % 2 === 0 ? name : `new-${index}`),
      ]) {
        work.push(
          send().then(
            (response) => {
              answered += 1;
              if (answered === 12) platform.process.signal('SIGKILL');
              return response;
            },
            () => undefined, // the process was killed
          ),
        );
      }
    }
    const responses = await Promise.all(work);
    await platform.process.exited;
    expect(responses.filter((response) => response === undefined).length).toBeGreaterThan(0);

    platform = await startAgain(platform);
    const left = own(await names(platform.url));
    expect(left.length).toBeLessThanOrEqual(PROFILES);
    expect(new Set(left).size).toBe(left.length);
    // Interrupted deletions are completed, and all others can be requested. Afterwards the full limit is available
    // again.
    await eventually(async () => {
      for (const name of own(await names(platform.url))) await remove(platform.url, name);
      expect(own(await names(platform.url))).toEqual([]);
    });
    for (let index = 0; index < PROFILES; index++)
      expect({ index, status: (await put(platform.url, `after-${index}`)).status }).toEqual({ index, status: 201 });
    expect(await put(platform.url, 'after-too-many')).toMatchObject({
      status: 403,
      body: { code: 'billing/profile-limit' },
    });
    // At each position of the log, a name has one holder and the limit is kept.
    const held = new Set<string>();
    for (const { stream, type, data } of await logOf(platform.dataDir)) {
      if (stream !== `catalog-${ada.organization.id}` || !type.startsWith('catalog.name-')) continue;
      const { kind, name } = data as { kind: string; name: string };
      if (kind !== 'profile' || name === 'default') continue;
      if (type.startsWith('catalog.name-claimed')) {
        expect(held.has(name)).toBe(false);
        held.add(name);
        expect(held.size).toBeLessThanOrEqual(PROFILES);
      } else if (type.startsWith('catalog.name-released')) expect(held.delete(name)).toBe(true);
    }
    expect(held.size).toBe(PROFILES);
  });
});
