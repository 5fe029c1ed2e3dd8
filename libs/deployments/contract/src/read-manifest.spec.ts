import { readApplication, readProfile } from './read-manifest.ts';

const image = (more: object) => ({
  name: 'web',
  source: { type: 'image', image: { repository: 'web', tag: '1', ...more } },
});
const yaml = (manifests: string) => ({ name: 'web', source: { type: 'yaml', yaml: { manifests } } });
const errors = (document: unknown, read: (document: unknown) => unknown = readApplication) => {
  const outcome = read(document) as ReturnType<typeof readApplication>;
  return outcome.ok ? [] : outcome.error.map(({ pointer, message }) => `${pointer} ${message}`);
};
const IMAGE = '/source/image';

describe('use-D18: manifests that Kubernetes would reject', () => {
  it.each([
    [
      'port 80, which the Service uses',
      { ports: [{ name: 'plain', port: 80 }] },
      `${IMAGE}/ports/0/port is the port of the Service itself; use another port`,
    ],
    [
      'a repeated main port',
      { port: 8080, ports: [{ name: 'again', port: 8080 }] },
      `${IMAGE}/ports/0/port is the main port of the container already; use another port`,
    ],
    [
      'a repeated port',
      {
        ports: [
          { name: 'a', port: 9000 },
          { name: 'b', port: 9000 },
        ],
      },
      `${IMAGE}/ports/1/port is the same as in ports[0]`,
    ],
    [
      'a repeated name of a port',
      {
        ports: [
          { name: 'a', port: 9000 },
          { name: 'a', port: 9001 },
        ],
      },
      `${IMAGE}/ports/1/name is the same as in ports[0]`,
    ],
    [
      'a port with the name of the main port',
      { ports: [{ name: 'http', port: 9000 }] },
      `${IMAGE}/ports/0/name is the name of the main port; use another name`,
    ],
    [
      'an unknown fieldRef',
      { env: [{ name: 'A', fieldRef: 'status.nope' }] },
      expect.stringContaining(`${IMAGE}/env/0/fieldRef must be a field of the Kubernetes downward API`),
    ],
    [
      'a volume named config-files',
      { volumes: [{ name: 'config-files', size: '1Gi', mountPath: '/a' }] },
      `${IMAGE}/volumes/0/name is reserved for configFiles; use another name`,
    ],
    [
      'equal mount paths',
      {
        volumes: [
          { name: 'a', size: '1Gi', mountPath: '/data' },
          { name: 'b', size: '1Gi', mountPath: '/data/' },
        ],
      },
      `${IMAGE}/volumes/1/mountPath is the same as in volumes[0]`,
    ],
    [
      'a configuration file at the path of a volume',
      { volumes: [{ name: 'a', size: '1Gi', mountPath: '/data' }], configFiles: [{ path: '/data', content: '' }] },
      `${IMAGE}/configFiles/0/path is the same as in volumes[0]`,
    ],
    [
      'two variables of one name',
      {
        env: [
          { name: 'A', value: '1' },
          { name: 'B', value: '1' },
          { name: 'A', value: '2' },
        ],
      },
      `${IMAGE}/env/2/name is the same as in env[0]`,
    ],
  ])('%s', (_, more, error) => expect(errors(image(more))).toEqual([error]));

  it('are accepted when their entries do not conflict', () =>
    expect(
      errors(
        image({
          port: 3000,
          ports: [
            { name: 'dns', port: 53, protocol: 'UDP' },
            { name: 'dns-tcp', port: 53 },
            { name: 'udp', port: 80, protocol: 'UDP' },
          ],
          env: ["metadata.labels['app']", 'status.podIPs', 'spec.nodeName'].map((fieldRef, index) => ({
            name: `A${index}`,
            fieldRef,
          })),
        }),
      ),
    ).toEqual([]));

  it('are rejected in the defaults of a profile too', () =>
    expect(
      errors({ profileName: 'p', clusterName: 'c', defaults: { ports: [{ name: 'a', port: 80 }] } }, readProfile),
    ).toEqual(['/defaults/ports/0/port is the port of the Service itself; use another port']));

  it.each([
    ['that do not parse as YAML', 'a: [1', 1],
    ['without Kubernetes objects', 'hello: world', 1],
    ['with one object twice', `${'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\n'.repeat(2)}`, 5],
    ['with an unknown field', 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec:\n  replica: 1\n', 5],
    ['with a wrong type', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a: 1\n', 5],
  ])('are rejected with the location of the error: inline manifests %s', (_, manifests, line) => {
    const read = readApplication({
      apiVersion: 'platform.astropulse.io/v1',
      kind: 'Application',
      spec: yaml(manifests),
    });
    expect(read).toMatchObject({ ok: false, error: expect.any(Array) });
    expect(!read.ok && read.error[0]).toMatchObject({
      pointer: '/spec/source/yaml/manifests',
      message: expect.not.stringMatching(/^line|\.$/),
      place: { line, column: expect.any(Number) },
    });
  });

  it('are accepted for custom resources, and with keys without a value', () =>
    expect(
      errors(
        yaml(
          'apiVersion: x.io/v1\nkind: Thing\nmetadata: {name: a}\nspec: {any: 1}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata:\n',
        ),
      ),
    ).toEqual([]));
});

describe('use-C7: quantities', () => {
  const memory = (amount: unknown) => errors(image({ resources: { limits: { memory: amount } } }));
  const cpu = (amount: unknown) => errors(image({ resources: { limits: { cpu: amount } } }));

  it('reject 512m of memory, which is half a byte', () =>
    expect(memory('512m')).toEqual([
      `${IMAGE}/resources/limits/memory must be a whole number of bytes: m stands for thousandths; did you mean 512Mi?`,
    ]));
  it.each(['0.5', '1.5', '100u', 0.5])('reject %s bytes', (amount) => expect(memory(amount)).toHaveLength(1));
  it.each(['1.5Gi', '0.5k', '1e3', '1E', '128974848', '129e6', 1024])('accept %s bytes, as Kubernetes does', (amount) =>
    expect(memory(amount)).toEqual([]),
  );
  it.each(['0.5', '1', '100m', 2, '.5', '1e-1'])('accept %s cores', (amount) => expect(cpu(amount)).toEqual([]));
  it.each(['0', '-1', 'one', '1 Gi', '', 0, -1, true])('reject %s cores', (amount) =>
    expect(cpu(amount)).toHaveLength(1),
  );
  it('of volumes are bytes too', () =>
    expect(errors(image({ volumes: [{ name: 'a', size: '10m', mountPath: '/a' }] }))).toHaveLength(1));
});

describe('use-C9: errors of manifests', () => {
  it('name a field once', () =>
    expect(errors(image({ schedule: 'daily' }))).toEqual([
      `${IMAGE}/schedule must be a cron expression with five fields, such as '0 3 * * *', or a macro such as @daily`,
    ]));
});

describe('a schedule', () => {
  it.each(['0 3 * * *', '*/5 * * * *', '0,30 8-18/2 1,15 JAN-mar MON-FRI', '59 23 31 12 6', '? 0 ? * ?', '@hourly'])(
    'can be %s',
    (schedule) => expect(errors(image({ schedule }))).toEqual([]),
  );
  it.each([
    '',
    '* * * *',
    '0 0 3 * * *',
    '60 * * * *',
    '* 24 * * *',
    '* * 0 * *',
    '* * * 13 *',
    '* * * * 7',
    '*/0 * * * *',
    '1- * * * *',
    'TZ=UTC 0 3 * * *',
    '@every 5m',
    '@reboot',
    '* * * * MONDAY',
  ])('cannot be %j', (schedule) => expect(errors(image({ schedule }))).toHaveLength(1));

  it('has the time zone and concurrency of a CronJob', () => {
    expect(errors(image({ schedule: '@daily', timeZone: 'Europe/Berlin', concurrencyPolicy: 'Replace' }))).toEqual([]);
    for (const timeZone of ['Mars/Base', '+02:00', ''])
      expect(errors(image({ schedule: '@daily', timeZone }))).toEqual([
        `${IMAGE}/timeZone must be a name of the time zone database, such as Europe/Berlin`,
      ]);
    expect(errors(image({ timeZone: 'UTC', concurrencyPolicy: 'Forbid' }))).toEqual([
      `${IMAGE}/timeZone needs schedule`,
      `${IMAGE}/concurrencyPolicy needs schedule`,
    ]);
  });

  it('excludes fields of applications that serve requests', () => {
    const serving = { replicas: 2, health: { path: '/' }, strategy: 'recreate' };
    expect(errors(image({ schedule: '@daily', ...serving }))).toEqual(
      ['replicas', 'health', 'strategy'].map(
        (member) =>
          `${IMAGE}/${member} cannot be combined with schedule, because the pods only run at its times and serve no requests`,
      ),
    );
  });
});

describe('preDeploy', () => {
  it.each([{ command: ['/migrate'] }, { args: ['migrate'] }, { command: ['a'], args: ['b'], timeout: '90s' }])(
    'can be %j',
    (preDeploy) => expect(errors(image({ preDeploy }))).toEqual([]),
  );
  it.each([
    [{}, ' must have command or args'],
    [{ command: ['a'], timeout: '10' }, '/timeout must be a duration such as 90s, 10m, or 2h'],
    [{ command: ['a'], timeout: '25h' }, '/timeout must be at most 24h'],
  ])('cannot be %j', (preDeploy, error) =>
    expect(errors(image({ preDeploy }))).toEqual([`${IMAGE}/preDeploy${error}`]),
  );
});
