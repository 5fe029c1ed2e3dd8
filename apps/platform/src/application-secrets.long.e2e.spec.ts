import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { call, loginAdmin, newPerson, startPlatform, type Finished, type Person, type Platform } from '#testing';
import { logOf } from '#testing/log';

const VALUES = {
  one: 'canary-secret-one-7Qx',
  two: 'canary-secret-two-7Qx',
  file: '-----BEGIN canary-file-7Qx-----\nline\n',
  unused: 'canary-unused-7Qx',
} as const;

const podTemplate = z.looseObject({
  spec: z.looseObject({ template: z.looseObject({ spec: z.looseObject({ containers: z.array(z.looseObject({})) }) }) }),
});
const secretObject = z.looseObject({ data: z.record(z.string(), z.string()) });
const listed = z.strictObject({
  items: z.array(
    z.strictObject({
      key: z.string(),
      version: z.number(),
      fingerprint: z.string(),
      updatedAt: z.string(),
      by: z.string(),
    }),
  ),
});

describe('use-D25, E16: secrets of an application', () => {
  let platform: Platform;
  let ada: Person;
  const said: string[] = [];

  beforeAll(async () => {
    platform = await startPlatform();
    ada = await loginAdmin(platform);
    await run('clusters set-context sandbox');
  });
  afterAll(() => platform.stop());

  async function astroctl(words: string, input?: string): Promise<Finished> {
    const done = await ada.machine.astroctl(words.split(' '), input === undefined ? {} : { input });
    said.push(done.stdout, done.stderr);
    return done;
  }
  async function run(words: string, input?: string): Promise<string> {
    const done = await astroctl(words, input);
    if (done.code !== 0) throw new Error(`astroctl ${words} ended with ${done.code}: ${done.stderr}`);
    return done.stdout;
  }
  async function kubectl(words: string): Promise<unknown> {
    const done = await ada.machine.kubectl([...words.split(' '), '-o', 'json']);
    if (done.code !== 0) throw new Error(done.stderr);
    return JSON.parse(done.stdout) as unknown;
  }
  const namespace = async () => (await run('app status web --field targetNamespace')).trim();
  /** Returns the values in the Secret on the cluster. */
  async function onCluster(): Promise<Readonly<Record<string, string>>> {
    const { data } = secretObject.parse(await kubectl(`-n ${await namespace()} get secret web`));
    return Object.fromEntries(
      Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]),
    );
  }
  async function pods(): Promise<readonly string[]> {
    const list = z
      .looseObject({ items: z.array(z.looseObject({ metadata: z.looseObject({ name: z.string() }) })) })
      .parse(await kubectl(`-n ${await namespace()} get pods -l app.kubernetes.io/name=web`));
    return list.items.map(({ metadata }) => metadata.name).toSorted();
  }
  const manifest = (name = 'web') => `
    name: ${name}
    profileName: default
    source:
      type: image
      image:
        registry: sandbox.invalid
        repository: app
        tag: "1"
        env: [{ name: DATABASE, secret: DATABASE_URL }]
        configFiles: [{ path: /etc/tls.key, secret: tls.key }]
  `;

  it('are set with the command that the refused apply names, and are in the environment and files of pods', async () => {
    const refused = await astroctl('app apply -f -', manifest());
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringContaining('astroctl app secrets set web DATABASE_URL'),
    ]);
    expect(await run('app secrets set web DATABASE_URL', `${VALUES.one}\n`)).toContain('secret/DATABASE_URL set (v1)');
    await run('app secrets set web tls.key', VALUES.file);
    await run('app apply -f - --wait', manifest());
    expect(await onCluster()).toEqual({ DATABASE_URL: VALUES.one, 'tls.key': VALUES.file.trimEnd() });
    const deployment = await kubectl(`-n ${await namespace()} get deployment web`);
    expect(podTemplate.parse(deployment).spec.template.spec).toMatchObject({
      containers: [
        {
          env: [{ name: 'DATABASE', valueFrom: { secretKeyRef: { name: 'web', key: 'DATABASE_URL' } } }],
          volumeMounts: [{ mountPath: '/etc/tls.key', subPath: 'etc.tls.key' }],
        },
      ],
      volumes: [
        {
          name: 'config-files',
          projected: { sources: [{ secret: { name: 'web', items: [{ key: 'tls.key', path: 'etc.tls.key' }] } }] },
        },
      ],
    });
  });

  it('replace the pods when they are rotated, and change nothing when the value is the same', async () => {
    const before = await pods();
    const rotated = await astroctl('app secrets set web DATABASE_URL --wait', VALUES.two);
    expect([rotated.code, rotated.stdout]).toEqual([0, expect.stringContaining('secret/DATABASE_URL set (v2)')]);
    expect(rotated.stderr).toMatch(/web v2: secret DATABASE_URL v1 fingerprint:\w{12} -> v2 fingerprint:\w{12}/);
    expect(await onCluster()).toMatchObject({ DATABASE_URL: VALUES.two });
    const after = await pods();
    expect(after.filter((name) => before.includes(name))).toEqual([]);
    expect(await run('app secrets set web DATABASE_URL', VALUES.two)).toContain('secret/DATABASE_URL unchanged');
    expect(await run('app apply -f -', manifest())).toContain('application/web unchanged');
    expect(await run('app secrets set web SPARE', VALUES.unused)).toContain('secret/SPARE set (v1)');
    expect(await run('app status web --field version')).toBe('v2\n');
    expect(await pods()).toEqual(after);
  });

  it('get back the values of the revision that a rollback deploys', async () => {
    await run('app rollback web --to v1 -y');
    await run('app wait web');
    expect(await onCluster()).toMatchObject({ DATABASE_URL: VALUES.one });
    expect(await run('app history web')).toMatch(/v3 /);
    await run('app apply -f - --wait', manifest());
    expect(await onCluster()).toMatchObject({ DATABASE_URL: VALUES.two });
  });

  it('are set from an environment file in one revision, and removed from the pods', async () => {
    writeFileSync(join(ada.machine.home, 'web.env'), `# comment\nDATABASE_URL='${VALUES.one}'\nexport MORE="a b"\n`);
    const file = join(ada.machine.home, 'web.env');
    expect(await run(`app secrets set web --from-env-file ${file} --wait`)).toBe(
      'secret/DATABASE_URL set (v3)\nsecret/MORE set (v1)\n',
    );
    expect(await run('app status web --field version')).toBe('v5\n');
    expect(await onCluster()).toMatchObject({ DATABASE_URL: VALUES.one });
    expect(await run('app secrets unset web tls.key --dry-run')).toContain('secret/tls.key removed (dry run)');
    await run('app secrets unset web tls.key --wait');
    expect(await onCluster()).toEqual({ DATABASE_URL: VALUES.one });
    expect((await run('app secrets list web')).split('\n').map((line) => line.split(/\s+/).slice(0, 2))).toEqual([
      ['KEY', 'VERSION'],
      ['DATABASE_URL', 'v3'],
      ['MORE', 'v1'],
      ['SPARE', 'v1'],
      [''],
    ]);
  });

  it('use-D26: can be read by nobody, and only editors of unprotected applications, admins, and owners can write them', async () => {
    const vic = await newPerson(platform, 'vic@astro.localhost', 'a password of vic');
    const ed = await newPerson(platform, 'ed@astro.localhost', 'a password of ed');
    const org = `/v1/organizations/${ada.organization.id}`;
    const send = (what: string, body: unknown, by: Person) =>
      call(platform.url, what, { credential: by.accessToken, ...(body !== undefined && { body }) });
    await send(`PUT ${org}/members/${vic.userId}`, { role: 'viewer' }, ada);
    await send(`PUT ${org}/members/${ed.userId}`, { role: 'editor' }, ada);
    await run('app profile apply -f -', 'profileName: live\nclusterName: sandbox\nprotected: true\n');
    await run('app secrets set guarded DATABASE_URL', 'x');
    await run('app secrets set guarded tls.key', 'x');
    await run('app apply -f -', manifest('guarded').replace('default', 'live'));
    const secrets = await send(`GET ${org}/applications/web/secrets`, undefined, vic);
    expect(secrets.status).toBe(200);
    expect(listed.parse(secrets.body).items.map(({ key }) => key)).toEqual(['DATABASE_URL', 'MORE', 'SPARE']);
    const one = `${org}/applications/web/secrets/DATABASE_URL`;
    expect(await send(`GET ${one}`, undefined, ada)).toMatchObject({ status: 405 });
    expect(await send(`PUT ${one}`, { value: 'v' }, vic)).toMatchObject({ status: 403 });
    expect(await send(`DELETE ${one}`, undefined, vic)).toMatchObject({ status: 403 });
    expect(await send(`PATCH ${org}/applications/web/secrets`, { secrets: { A: 'v' } }, vic)).toMatchObject({
      status: 403,
    });
    const guarded = `PUT ${org}/applications/guarded/secrets/DATABASE_URL`;
    expect(await send(guarded, { value: 'v' }, ed)).toMatchObject({
      status: 403,
      body: { code: 'access/protected-profile' },
    });
    expect(await send(`PUT ${one.replace('DATABASE_URL', 'MORE')}`, { value: 'v' }, ed)).toMatchObject({ status: 200 });
    const tooLarge = await send(`PUT ${one}`, { value: '7Qx'.repeat(30_000) }, ada);
    expect([tooLarge.status, tooLarge.text.includes('7Qx')]).toEqual([422, false]);
    const other = `${org}/applications/web/secrets/-x`;
    expect((await send(`PUT ${other}`, { value: 'v' }, ada)).status).toBe(422);
    for (const words of [
      'app export web',
      'app diff web v1 v2',
      'app events web',
      'app history web -o json',
      'app get web -o json',
    ])
      await astroctl(words);
  });

  it('are used as the user guide describes', async () => {
    const guide = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'user-guide.md'), 'utf8');
    const section = /^### Secrets\n(.*?)^### /ms.exec(guide)?.[1] ?? '';
    const [, yaml = ''] = /^```yaml\n(.*?)^```/ms.exec(section) ?? [];
    const [, commands = ''] = /^```sh\n(.*?)^```/ms.exec(section) ?? [];
    const { home } = ada.machine;
    writeFileSync(join(home, 'shop.env'), 'token=abc\nOLD_TOKEN=def\n');
    const lines = commands.trim().split('\n');
    expect(lines).toHaveLength(4);
    for (const line of lines) {
      const words = line.replace(/ +#.*/, '').replace('astroctl ', '').replace('shop.env', join(home, 'shop.env'));
      const [command = '', input] = words.split(' < ');
      await run(command, input === undefined ? undefined : 'postgres://db\n');
    }
    await run('app apply -f -', `profileName: default\n${yaml}`);
    await run('app wait shop');
  });

  it('are in no event, read model, queue, log, reply, or message of astroctl, and gone after the deletion', async () => {
    const events = JSON.stringify(await logOf(platform.dataDir));
    expect(events).toContain('application.secrets-set.v1');
    const clean = (where: string, text: string) => expect([where, text.includes('7Qx')]).toEqual([where, false]);
    clean('events', events);
    for (const text of said) clean('astroctl', text);
    const encoded = Object.values(VALUES).flatMap((value) => [
      Buffer.from(value),
      Buffer.from(Buffer.from(value).toString('base64').replace(/=+$/, '')),
    ]);
    for (const file of readdirSync(platform.dataDir).filter((name) => /\.(sqlite|sqlite-wal|log)$/.test(name))) {
      if (file.startsWith('sandbox')) continue; // a cluster stores its Secrets, as etcd does
      const bytes = readFileSync(join(platform.dataDir, file));
      expect([file, encoded.some((value) => bytes.includes(value))]).toEqual([file, false]);
    }
    await run('app delete web -y');
    await run('app wait web --for deleted');
    const again = await astroctl('app secrets list web');
    expect(again.code).toBe(6);
    expect((await astroctl('app apply -f -', manifest())).stderr).toContain(
      'astroctl app secrets set web DATABASE_URL',
    );
  });
});
