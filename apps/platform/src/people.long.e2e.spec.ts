import { call, eventually, loginAdmin, newPerson, startPlatform, type Person, type Platform } from '#testing';

describe('members and users, with astroctl', () => {
  let platform: Platform;
  let root: Person;
  let grace: Person;
  let linus: Person;
  beforeAll(async () => {
    platform = await startPlatform();
    root = await loginAdmin(platform);
    grace = await newPerson(platform, 'grace@astro.localhost', 'a password of grace');
    linus = await newPerson(platform, 'linus@astro.localhost', 'a password of linus');
  });
  afterAll(() => platform.stop());

  const me = async (credential: string) => {
    const { status, body } = await call(platform.url, 'GET /v1/me', { credential });
    return { status, code: (body as { readonly code?: string }).code };
  };

  it('gives a role and the right audit with an end, and says what a change takes', async () => {
    const { machine } = root;
    await machine.run(`org add-user --user ${linus.email} --role editor --until 2999-01-01`);
    await machine.run('org add-user --service ci-deploy --role editor');
    expect(await machine.run('org members -o wide')).toMatch(/linus@astro\.localhost +editor +person .*2999-01-01/);
    expect(await machine.run('org set-role ci-deploy viewer')).toBe('ci-deploy: editor → viewer\n');
    expect(await machine.run(`org set-role ${linus.email} viewer --dry-run`)).toBe(
      `${linus.email}: editor → viewer (dry run)\n`,
    );
    expect(await machine.run(`org set-role ${linus.email} viewer --audit --until 2999-01-01`)).toBe(
      `${linus.email}: editor → viewer with audit until 2999-01-01T00:00:00.000Z\n`,
    );
    expect((await machine.astroctl(['org', 'leave'])).stderr).toContain('at least one owner');
  });

  it('shows the use of the plan, with pending invitations', async () => {
    const { machine } = root;
    await machine.run('org invite edith@astro.localhost --role viewer');
    const { stdout, stderr } = await machine.astroctl(['org', 'usage']);
    expect(stdout).toMatch(/^members +3 +5$/m); // the admin, linus, and the invitation; service members use no seat
    expect(stdout).toMatch(/^deploymentsPerDay +0 +100$/m);
    expect(stdout).toMatch(/^requestsPerMinute +- +600$/m);
    expect(stderr).toMatch(/^Pending invitations in members: 1$/m);
    expect(await machine.run('org get')).toMatch(/^members: +3\/5\nclusters: +0\/2\napplications: +0\/10$/m);
    expect(JSON.parse(await machine.run('org get -o json'))).toMatchObject({ members: { used: 3, limit: 5 } });
  });

  it('suspends a user: logins and keys are rejected, and work again after the restore', async () => {
    expect(await root.machine.run(`user suspend ${grace.email}`)).toBe(`user/${grace.email} suspended\n`);
    for (const credential of [grace.key, grace.accessToken])
      expect(await me(credential)).toEqual({ status: 403, code: 'access/suspended' });
    expect((await grace.machine.astroctl(['whoami'])).stderr).toMatch(/^Error: This account is suspended\.$/m);
    expect(await root.machine.run('user list')).toMatch(/grace@astro\.localhost +developer +SUSPENDED/);
    await root.machine.run(`user restore ${grace.email}`);
    await eventually(async () => expect(await me(grace.key)).toMatchObject({ status: 200 }));
  });

  it('B12: erases a user, whose organization must go first', async () => {
    const refused = await root.machine.astroctl(['user', 'erase', grace.email, '-y']);
    expect({ code: refused.code, stderr: refused.stderr }).toEqual({
      code: 7,
      stderr: expect.stringContaining(`last owner of ${grace.organization.slug}`),
    });
    const { slug } = grace.organization;
    expect((await grace.machine.astroctl(['org', 'delete', '-y'])).code).toBe(2);
    expect(await grace.machine.run(`org delete --confirm ${slug}`)).toBe(`organization/${slug} deleted\n`);
    await eventually(async () => expect((await me(grace.key)).status).toBe(401));
    await root.machine.run(`user erase ${grace.email} -y`);
    expect(await root.machine.run('user list')).toMatch(new RegExp(`${grace.userId} +erased user +developer +ERASED`));
    await eventually(async () => expect((await me(grace.accessToken)).status).toBe(401));
    const again = await newPerson(platform, grace.email, 'another password of grace');
    expect(again.userId).not.toBe(grace.userId);
  });
});
