import { createHmac, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { call, eventually, loginAdmin, startPlatform, type Person, type Platform } from '#testing';
import { logOf } from '#testing/log';

const image = 'type: image\n    image: { registry: sandbox.invalid, repository: app, tag: "1" }';
const application = (source = image, more = '', name = 'web') =>
  `apiVersion: platform.astropulse.io/v1\nkind: Application\nmetadata: { name: ${name} }\nspec:\n${more}  source:\n    ${source}\n`;
const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghi'
  .split('')
  .map((letter, index) => `${letter}: &${letter} [${Array(9).fill(`*${'abcdefghi'[index]}`).join(',')}]`)
  .join('\n')}\n`;

let platform: Platform;
let ada: Person;

beforeAll(async () => {
  platform = await startPlatform();
  ada = await loginAdmin(platform);
  expect(
    await call(platform.url, `GET /v1/organizations/${ada.organization.id}/profiles`, { credential: ada.key }),
  ).toMatchObject({ status: 200 });
});
afterAll(() => platform.stop());

/** Events of Ada; the platform itself also records what it observes. */
const recorded = async () =>
  (await logOf(platform.dataDir)).filter(({ actor }) => actor === ada.userId).map(({ id }) => id);

async function nothingRecorded<T>(work: () => Promise<T>): Promise<T> {
  const before = await recorded();
  const result = await work();
  expect(await recorded()).toEqual(before);
  return result;
}

describe('astroctl app apply rejects invalid input completely', () => {
  const apply = (content: string) => {
    mkdirSync(join(ada.machine.home, 'deploy'), { recursive: true });
    writeFileSync(join(ada.machine.home, 'deploy', 'web.yaml'), content);
    return nothingRecorded(() =>
      ada.machine.astroctl(['app', 'apply', '-f', join(ada.machine.home, 'deploy', 'web.yaml')]),
    );
  };

  it('an unknown field, with its line, column and the nearest name, verbatim', async () => {
    const done = await apply(
      'kind: Application\napiVersion: platform.astropulse.io/v1\nspec:\n  profileNam: production\n  name: web\n  source: { type: image, image: { registry: r.acme.dev, repository: web, tag: "1" } }\n',
    );
    const file = join(ada.machine.home, 'deploy', 'web.yaml');
    expect(done).toMatchObject({ code: 1, stdout: '' });
    expect(done.stderr).toBe(
      `Error: ${file}:4:3: unknown field spec.profileNam; did you mean profileName? Nothing was sent.\nFix:   rename it, then check without applying: astroctl app validate -f ${file}\nRef:   deployments/manifest-invalid\n`.replace(
        'Ref:   deployments/manifest-invalid\n',
        '',
      ),
    );
  });

  const cases: readonly (readonly [what: string, content: string, says: RegExp])[] = [
    [
      'a wrong type',
      application('type: image\n    image: { registry: r.acme.dev, repository: web, tag: "1", replicas: many }'),
      /spec\.source\.image\.replicas/,
    ],
    [
      'two sources',
      application(
        `${image}\n    helm: { repo: { repoURL: "https://charts.acme.dev", chartName: web, chartVersion: "1.0.0" } }`,
      ),
      /source/,
    ],
    [
      'a bad image reference',
      application('type: image\n    image: { registry: "user:pass@host", repository: UPPER, tag: "1" }'),
      /spec\.source\.image/,
    ],
    ['an alias bomb', bomb, /alias|anchor|expand/i],
    ['the key __proto__', application(`${image}\n    __proto__: { polluted: yes }`), /__proto__/],
    ['a name that is not a DNS label', application(image, '', 'Not_A_Label'), /name/],
    ['a name that is too long', application(image, '', 'a'.repeat(39)), /name/],
    ['duplicate keys', application(`${image}\n    type: image`), /type|duplicate|unique/i],
  ];
  it.each(cases)('%s', async (_what, content, says) => {
    const done = await apply(content);
    expect(done).toMatchObject({ code: 1, stdout: '' });
    expect(done.stderr).toMatch(/^Error: .*web\.yaml:\d+:\d+: /);
    expect(done.stderr).toMatch(says);
    expect(done.stderr).toMatch(/^Fix: {3}\S/m);
  });

  it('a manifest over 4 MB', async () => {
    const done = await apply(`# ${'x'.repeat(4 * 1024 * 1024)}\n${application()}`);
    expect(done).toMatchObject({ code: 1, stdout: '' });
    expect(done.stderr).toMatch(/^Error: .*larger than 4 MB.*\nFix: {3}/);
  });

  it('use-S4: an application over 768 KiB, before it is sent', async () => {
    const withLines = (count: number) =>
      apply(application(`type: yaml\n    yaml:\n     manifests: |\n${'      # x\n'.repeat(count)}`));
    // The second text is small enough, but as JSON each line break takes two characters.
    for (const count of [200_000, 160_000]) {
      const done = await withLines(count);
      expect(done).toMatchObject({ code: 1, stdout: '' });
      expect(done.stderr).toMatch(/^Error: .*web\.yaml:1: Application is larger than 768 KiB as JSON\. Nothing was/);
    }
  });

  it('a missing profile, by name', async () => {
    const done = await apply(application(image, '  profileName: production\n'));
    expect(done).toMatchObject({ code: 1, stdout: '' });
    expect(done.stderr).toMatch(/^Error: .*production/);
    expect(done.stderr).toMatch(/^Fix: {3}\S/m);
    expect(done.stderr).toMatch(/^Ref: {3}deployments\/\S+ {2}request \S+$/m);
  });

  it('with the same message as problem+json with -o json', async () => {
    const done = await nothingRecorded(() =>
      ada.machine.astroctl(['app', 'apply', '-f', '-', '-o', 'json'], {
        input: application(image, '  profileName: production\n'),
      }),
    );
    expect(done.code).toBe(1);
    expect(JSON.parse(done.stderr)).toMatchObject({
      code: expect.stringMatching(/^deployments\//),
      status: 422,
      fix: expect.any(String),
    });
  });
});

describe('the API rejects the same input', () => {
  const put = (body: unknown, headers: Readonly<Record<string, string>> = {}) =>
    nothingRecorded(() =>
      call(platform.url, `PUT /v1/organizations/${ada.organization.id}/applications/web`, {
        credential: ada.key,
        body,
        headers,
      }),
    );
  const good = { type: 'image', image: { registry: 'sandbox.invalid', repository: 'app', tag: '1' } };

  const cases: readonly [what: string, body: unknown, status: number, code: RegExp, pointer: string | null][] = [
    [
      'an unknown field',
      { name: 'web', profileNam: 'x', source: good },
      422,
      /^deployments\/manifest-invalid$/,
      '/profileNam',
    ],
    [
      'a wrong type',
      { name: 'web', source: { type: 'image', image: { ...good.image, replicas: 'many' } } },
      422,
      /^deployments\/manifest-invalid$/,
      '/source/image/replicas',
    ],
    [
      'two sources',
      { name: 'web', source: { ...good, yaml: { manifests: 'a: 1' } } },
      422,
      /^deployments\/manifest-invalid$/,
      null,
    ],
    ['a missing profile', { name: 'web', profileName: 'production', source: good }, 422, /^deployments\//, null],
    ['a name that differs from the path', { name: 'other', source: good }, 422, /^deployments\//, null],
    ['__proto__', '{"name":"web","__proto__":{"polluted":true}}', 400, /^edge\//, null],
    ['constructor.prototype', '{"name":"web","constructor":{"prototype":{"polluted":true}}}', 400, /^edge\//, null],
    ['nesting of 400 levels', `{"name":"web","x":${'['.repeat(400)}${']'.repeat(400)}}`, 400, /^edge\//, null],
    ['invalid JSON', '{', 400, /^edge\//, null],
    ['a database operator', { name: { $gt: '' }, source: good }, 422, /^deployments\/manifest-invalid$/, null],
  ];
  it.each(cases)('%s', async (_what, body, status, code, pointer) => {
    const response = await put(body);
    expect(response).toMatchObject({ status, body: { code: expect.stringMatching(code) as unknown, status } });
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    expect(response.body).toMatchObject({ fix: expect.stringMatching(/\S/) as unknown });
    if (pointer !== null)
      expect((response.body as { errors: { pointer: string }[] }).errors.map((fault) => fault.pointer)).toContain(
        pointer,
      );
    expect(response.text).not.toMatch(/node_modules|\.ts:\d+|at Object/);
  });

  it.each([
    ['__proto__', '{"name":"web","__proto__":{"polluted":true}}'],
    ['__proto__ in a nested object', `{"name":"web","source":{"type":"image","image":{"__proto__":{"tag":"1"}}}}`],
    ['constructor.prototype', '{"name":"web","constructor":{"prototype":{"polluted":true}}}'],
  ])('%s, with a fix', async (_what, body) => {
    expect(await put(body)).toMatchObject({
      status: 400,
      body: {
        code: 'edge/not-parsable',
        detail: expect.stringContaining('__proto__, constructor.prototype') as unknown,
        fix: 'rename or remove that member',
      },
    });
  });

  it('a body over the limit, before it is sent', async () => {
    const status = await nothingRecorded(
      () =>
        new Promise<number | undefined>((resolve, reject) => {
          const headers = {
            authorization: `Bearer ${ada.key}`,
            'content-type': 'application/json',
            'content-length': 5_300_000,
          };
          const asking = request(`${platform.url}/v1/organizations/${ada.organization.id}/applications/web`, {
            method: 'PUT',
            headers,
          });
          asking.on('error', reject);
          asking.on('response', (response) => {
            resolve(response.statusCode);
            asking
              .off('error', reject)
              .on('error', () => {})
              .destroy();
          });
          asking.flushHeaders(); // the Content-Length alone is sufficient to reject it
        }),
    );
    expect(status).toBe(413);
  });

  it('another media type', async () => {
    expect(await put('name=web', { 'content-type': 'application/x-www-form-urlencoded' })).toMatchObject({
      status: 415,
    });
  });
});

describe('invalid credentials', () => {
  const me = (credential: string, more: Readonly<Record<string, string>> = {}) =>
    nothingRecorded(() => call(platform.url, 'GET /v1/me', { credential, headers: more }));
  const expectRefused = (response: Awaited<ReturnType<typeof me>>, code?: string) => {
    expect(response).toMatchObject({ status: 401, body: { status: 401, ...(code !== undefined && { code }) } });
    expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/);
    expect(response.text).not.toMatch(/stack|node_modules/);
  };
  const newKey = async (body: object) =>
    (
      await call(platform.url, `POST /v1/organizations/${ada.organization.id}/access-keys`, {
        credential: ada.accessToken,
        body,
      })
    ).body as { id: string; secret: string };

  it('B8: a malformed key, a key with another secret, no key', async () => {
    const { key } = ada;
    const last = key.at(-1) === 'a' ? 'b' : 'a';
    expectRefused(await me(`${key.slice(0, -1)}${last}`), 'key/invalid');
    expectRefused(
      await me(`${key.slice(0, 20)}${key.slice(20, 30).split('').toReversed().join('')}${key.slice(30)}`),
      'key/invalid',
    );
    expectRefused(await me('astro_'), 'key/invalid');
    expectRefused(await nothingRecorded(() => call(platform.url, 'GET /v1/me')));
  });

  it('B10: a revoked key, immediately after the response to its revocation', async () => {
    const made = await newKey({ name: 'short-lived' });
    expect(await call(platform.url, 'GET /v1/me', { credential: made.secret })).toMatchObject({ status: 200 });
    expect(
      await call(platform.url, `DELETE /v1/organizations/${ada.organization.id}/access-keys/${made.id}`, {
        credential: ada.key,
      }),
    ).toMatchObject({ status: 200 });
    const responses = await Promise.all(
      Array.from({ length: 20 }, () => call(platform.url, 'GET /v1/me', { credential: made.secret })),
    );
    for (const response of responses) expectRefused(response, 'key/revoked');
    const done = await ada.machine.astroctl(['whoami'], { environment: { ASTROPULSE_API_KEY: made.secret } });
    expect(done).toMatchObject({ code: 4, stdout: '' });
    expect(done.stderr).toMatch(/^Error: .*revoked.*\nFix: {3}\S/);
    expect(done.stderr).not.toContain(made.secret);
  });

  it('B9: a key after it has expired, but not before', async () => {
    const end = new Date(Date.now() + 4_000).toISOString();
    const made = await newKey({ name: 'ending', expires: end });
    expect(await call(platform.url, 'GET /v1/me', { credential: made.secret })).toMatchObject({ status: 200 });
    await eventually(async () => {
      const response = await call(platform.url, 'GET /v1/me', { credential: made.secret });
      expectRefused(response, 'key/expired');
    });
    expect(Date.now()).toBeGreaterThan(Date.parse(end));
    const done = await ada.machine.astroctl(['whoami'], { environment: { ASTROPULSE_API_KEY: made.secret } });
    expect(done).toMatchObject({ code: 4, stdout: '' });
    expect(done.stderr).toMatch(/^Error: .*expired.*\nFix: {3}\S/);
    expect(done.stderr).not.toContain(made.secret);
  });

  it('B17: a key is not shown again', async () => {
    const made = await newKey({ name: 'once' });
    const seen = await call(platform.url, `GET /v1/organizations/${ada.organization.id}/access-keys/${made.id}`, {
      credential: ada.key,
    });
    expect(seen.status).toBe(200);
    expect(seen.text).not.toContain(made.secret);
    expect(seen.text).not.toContain(made.secret.slice(14, 40));
  });

  it('B15: a key in the URL', async () => {
    const response = await call(platform.url, `GET /v1/me?key=${ada.key}`);
    expectRefused(response, 'key/in-url');
    expect(response.text).not.toContain(ada.key);
  });

  describe('forged access tokens', () => {
    const encode = (value: unknown) =>
      Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const parts = () =>
      ada.accessToken
        .split('.')
        .map((part, index) =>
          index < 2 ? (JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>) : part,
        ) as [Record<string, unknown>, Record<string, unknown>, string];
    const signedBy = (header: object, claims: unknown, how: (text: string) => Buffer) => {
      const text = `${encode(header)}.${encode(claims)}`;
      return `${text}.${how(text).toString('base64url')}`;
    };
    const own = (text: string) => sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' });

    it('accepts the valid one, so that the others are rejected only for their defect', async () => {
      expect(await call(platform.url, 'GET /v1/me', { credential: ada.accessToken })).toMatchObject({ status: 200 });
    });

    it.each(['none', 'nOnE', ''])('B1: algorithm "%s"', async (alg) => {
      const [header, claims, signature] = parts();
      expectRefused(await me(`${encode({ ...header, alg })}.${encode(claims)}.`));
      expectRefused(await me(`${encode({ ...header, alg })}.${encode(claims)}.${signature}`));
    });

    it('B2: the public key as an HMAC secret', async () => {
      const [header, claims] = parts();
      const jwks = (await call(platform.url, 'GET /oidc/jwks')).body as { keys: { kid: string }[] };
      const jwk = jwks.keys.find(({ kid }) => kid === header['kid']);
      const pem = createPublicKey({ key: jwk as never, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
      expectRefused(
        await me(
          signedBy({ ...header, alg: 'HS256' }, claims, (text) => createHmac('sha256', pem).update(text).digest()),
        ),
      );
    });

    it.each(['../../dev/null', "' OR 1=1 --", 'http://127.0.0.1:1/key', '{"$ne":""}', 'unknown', 'x'.repeat(2_000)])(
      'B3: kid %s',
      async (kid) => {
        const [header, claims] = parts();
        expectRefused(await me(signedBy({ ...header, kid }, claims, own)));
      },
    );

    it('B4: a key of the attacker in the header', async () => {
      const [header, claims] = parts();
      const jwk = createPublicKey(privateKey).export({ format: 'jwk' });
      for (const extra of [{ jwk }, { jku: `${platform.url}/oidc/jwks` }, { x5u: 'http://127.0.0.1:1/' }])
        expectRefused(await me(signedBy({ ...header, ...extra, kid: 'mine' }, claims, own)));
    });

    it.each([
      ['another user', { sub: 'somebody-else' }],
      ['another issuer', { iss: 'https://evil.test' }],
      ['another audience', { aud: 'other' }],
      ['an expiry in the distant future', { exp: 1e308 }],
      ['an expiry that is a string', { exp: '9999999999' }],
      ['a start time in the future', { nbf: 9_999_999_999 }],
    ])('B5, B6: %s, with the original signature and with one by the attacker', async (_what, change) => {
      const [header, claims, signature] = parts();
      expectRefused(await me(`${encode(header)}.${encode({ ...claims, ...change })}.${signature}`));
      expectRefused(await me(signedBy(header, { ...claims, ...change }, own)));
    });

    it('B7: __proto__, duplicate claims, deep nesting; a header over 16 KB is rejected as such', async () => {
      const [header, claims, signature] = parts();
      expectRefused(
        await me(
          `${encode(header)}.${encode(`{"__proto__":{"sub":"x"},${JSON.stringify(claims).slice(1)}`)}.${signature}`,
        ),
      );
      expectRefused(
        await me(`${encode(header)}.${encode(`{"sub":"x",${JSON.stringify(claims).slice(1)}`)}.${signature}`),
      );
      expectRefused(await me(`${encode(header)}.${encode(`${'['.repeat(2_000)}${']'.repeat(2_000)}`)}.${signature}`));
      const long = await me(`${encode(header)}.${'A'.repeat(17_000)}.${signature}`);
      expect(long.status).toBe(431);
    });
  });
});
