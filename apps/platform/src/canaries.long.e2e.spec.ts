import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { call, loginAdmin, newPerson, startPlatform, type Platform } from '#testing';

/** Unique words, each where a user or a program may put a secret. */
const CANARY = {
  email: 'canary-mail-7Qx@astro.localhost',
  name: 'Canarina Vogelsang-7Qx',
  password: 'canary-password-7Qx',
  wrongPassword: 'canary-wrong-7Qx',
  environment: 'canary-environment-7Qx',
  profileValue: 'canary-profile-value-7Qx',
  manifest: 'canary-manifest-7Qx',
  secret: 'canary-secret-7Qx',
  faulty: 'canary-faulty-7Qx',
  registry: 'canary-registry-7Qx',
} as const;

const encodings = (word: string): readonly Buffer[] => [
  Buffer.from(word),
  Buffer.from(Buffer.from(word).toString('base64').replace(/=+$/, '')),
  Buffer.from(Buffer.from(word).toString('hex')),
  Buffer.from(word, 'utf16le'),
];

describe('B16, E16: secret or personal data, after the main flows', () => {
  let platform: Platform;
  let words: Readonly<Record<string, string>>;
  const responses: string[] = [];

  beforeAll(async () => {
    platform = await startPlatform();
    const ada = await loginAdmin(platform);
    const person = await newPerson(platform, CANARY.email, CANARY.password, CANARY.name);
    const { machine, organization } = person;
    const run = async (args: string, input?: string, code = 0) => {
      const done = await machine.astroctl(args.split(' '), input === undefined ? {} : { input });
      if (done.code !== code) throw new Error(`astroctl ${args} ended with ${done.code}: ${done.stderr}`);
      if (!args.startsWith('key create')) responses.push(done.stderr); // a new key is printed for the user who creates it
      return done.stdout;
    };
    await machine.astroctl(['auth', 'login', '--username', CANARY.email, '--password-stdin'], {
      input: `${CANARY.wrongPassword}\n`,
    });
    await run('whoami');
    const made = (await run('key create --name ci --role editor')).trim();
    await run(
      'app profile apply -f -',
      `profileName: shared\nclusterName: sandbox\ndefaults: { env: [{ name: TOKEN, value: ${CANARY.profileValue} }] }\n`,
    );
    const source = (tag: string) =>
      `type: image\n    image: { registry: sandbox.invalid, repository: app, tag: "${tag}", env: [{ name: PASSWORD, value: ${CANARY.environment} }] }`;
    const application = (name: string, body: string) =>
      `apiVersion: platform.astropulse.io/v1\nkind: Application\nmetadata: { name: ${name} }\nspec:\n  profileName: shared\n  source:\n    ${body}\n`;
    await run('credentials set sandbox.invalid --kind registry --user ci', CANARY.registry);
    await run('app apply -f - --wait', application('web', source('1')));
    await run('app apply -f - --wait', application('web', source('2')));
    const objects = `type: yaml\n    yaml:\n      manifests: |\n        apiVersion: v1\n        kind: ConfigMap\n        metadata: { name: words }\n        data: { text: ${CANARY.manifest} }\n        ---\n        apiVersion: v1\n        kind: Secret\n        metadata: { name: keys }\n        stringData: { token: ${CANARY.secret} }`;
    await run('app apply -f - --wait', application('raw', objects));
    for (const command of [
      'app get',
      'app status web',
      'app events web',
      'app history web',
      'app resources raw',
      'key list',
      'org members',
      'app profile get',
    ])
      await run(command);
    for (const command of ['app history web v1 --objects', 'app history raw v1 --objects'])
      responses.push(await run(command));

    // Error messages are most likely to repeat the input.
    for (const body of [
      { name: 'web', source: { type: CANARY.faulty } },
      {
        name: 'web',
        [CANARY.faulty]: 1,
        source: {
          type: 'image',
          image: { registry: 'r', repository: 'a', tag: '1', env: [{ name: 'A', value: { x: CANARY.environment } }] },
        },
      },
      `{"x": "${CANARY.faulty}"`,
    ]) {
      responses.push(
        (
          await call(platform.url, `PUT /v1/organizations/${organization.id}/applications/web`, {
            credential: person.key,
            body,
          })
        ).text,
      );
    }
    for (const [credential, path] of [
      [`${made}x`, '/v1/me'],
      [ada.key, `/v1/organizations/${organization.id}/members`],
      [made, `/v1/organizations/${organization.id}/subscription`],
    ] as const) {
      responses.push((await call(platform.url, `GET ${path}`, { credential })).text);
    }
    responses.push((await call(platform.url, `GET /v1/me?key=${made}`)).text);
    words = {
      ...CANARY,
      key: made,
      loginKey: person.key,
      secretOfKey: made.slice(14, 57),
      accessToken: person.accessToken,
      adminKey: ada.key,
      adminPassword: platform.adminPassword,
    };
  });
  afterAll(() => platform.stop());

  const expectClean = (where: string, bytes: Buffer, except: readonly string[] = []) => {
    const found = Object.entries(words).flatMap(([name, word]) =>
      !except.includes(name) && encodings(word).some((form) => bytes.includes(form)) ? [name] : [],
    );
    expect({ where, found }).toEqual({ where, found: [] });
  };

  it("is not in the bytes of the log, the read models, the queue, the vault or the process's log", () => {
    const files = readdirSync(platform.dataDir).filter((name) => /\.(sqlite|sqlite-wal|sqlite-shm|log)$/.test(name));
    for (const expected of ['events.sqlite', 'read-store.sqlite', 'work-queue.sqlite', 'vault.sqlite', 'platform.log'])
      expect(files).toContain(expected);
    for (const name of files) expectClean(name, readFileSync(join(platform.dataDir, name)));
  });

  it('is not in /metrics, /readyz or /openapi.json, which are public', async () => {
    for (const path of ['/metrics', '/readyz', '/openapi.json', '/v1/about'])
      expectClean(path, Buffer.from((await call(platform.url, `GET ${path}`)).text));
  });

  it('is not in errors, over HTTP or from astroctl', () => {
    expect(responses.length).toBeGreaterThan(15);
    // The name of a rejected field is repeated so that it can be found, but its value is not.
    for (const response of responses) expectClean('an answer', Buffer.from(response), ['faulty']);
  });

  it('would be found by the search', async () => {
    const config = JSON.stringify(words);
    expect(encodings(CANARY.password).some((form) => Buffer.from(config).includes(form))).toBe(true);
    const about = readFileSync(join(platform.dataDir, 'events.sqlite'));
    expect(
      about.includes(Buffer.from('access-key.created.v1')) ||
        readFileSync(join(platform.dataDir, 'events.sqlite-wal')).includes(Buffer.from('access-key.created.v1')),
    ).toBe(true);
    for (const name of ['sealing-keys', 'caller-keys', 'initial-admin-password'])
      expect({ name, mode: statSync(join(platform.dataDir, name)).mode & 0o077 }).toEqual({ name, mode: 0 });
    expect(statSync(platform.dataDir).mode & 0o077).toBe(0);
  });
});
