import type { ResolvedSpec } from '#deployments/contract';
import type { ImageWorkload } from '#kubernetes';
import { differencesOf, renderedDifferencesOf } from './differences.service.ts';

const workload: ImageWorkload = {
  name: 'web',
  targetNamespace: 'acme-web',
  image: 'images.acme.dev/web:1.4.2',
  port: 8080,
  ports: [{ name: 'metrics', port: 9090 }],
  command: ['serve', '--token=canary-command'],
  env: [
    { name: 'MODE', value: 'canary-env' },
    { name: 'NODE', fieldRef: 'spec.nodeName' },
  ],
  secrets: {},
  resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
  replicas: 1,
  volumes: [{ name: 'data', size: '1Gi', mountPath: '/data' }],
  configFiles: [{ path: '/etc/app.conf', content: 'canary-file' }],
  labels: { team: 'a' },
} as unknown as ImageWorkload;

const resolved = (more: Partial<ImageWorkload> = {}, rest: Partial<ResolvedSpec> = {}): ResolvedSpec => ({
  applicationName: 'web',
  revision: 1,
  profile: { id: 'p', name: 'staging', revision: 1 },
  tier: 'basic',
  targetNamespace: 'acme-web',
  namespaceMode: 'override',
  source: { type: 'image', workload: { ...workload, ...more } },
  ...rest,
});
const yaml = (manifests: string): ResolvedSpec => resolved({}, { source: { type: 'yaml', manifests, labels: {} } });
const between = (before: ResolvedSpec | undefined, after: ResolvedSpec, key = 'k') =>
  differencesOf(before, after, key).map(
    ({ object, path, change, before: old, after: now }) =>
      `${object === null ? '' : `${object} `}${path} ${change}: ${old ?? ''} -> ${now ?? ''}`,
  );

describe('use-D20: differences between two revisions', () => {
  it('are empty for equal ones, regardless of their numbers and profile revisions', () =>
    expect(
      between(resolved(), resolved({}, { revision: 2, profile: { id: 'p', name: 'staging', revision: 7 } })),
    ).toEqual([]));

  it('E16: show versions and fingerprints of secrets', () => {
    const ref = (version: number, fingerprint: string) => ({
      version,
      fingerprint,
      record: `secret/o/a/DB/${version}`,
    });
    const uses = { env: [{ name: 'DB', secret: { key: 'DB' } }], configFiles: [{ path: '/db', secret: 'DB' }] };
    const using = (secrets?: Record<string, ReturnType<typeof ref>>): ResolvedSpec =>
      resolved({}, { source: { type: 'image', workload: { ...workload, ...uses }, ...(secrets && { secrets }) } });
    expect(between(using({ DB: ref(1, 'a'.repeat(32)) }), using({ DB: ref(2, 'b'.repeat(32)) }))).toEqual([
      'secrets.DB changed: v1 fingerprint:aaaaaaaaaaaa -> v2 fingerprint:bbbbbbbbbbbb',
    ]);
    expect(between(using({ DB: ref(1, 'a'.repeat(32)) }), using())).toEqual([
      'secrets.DB removed: v1 fingerprint:aaaaaaaaaaaa -> ',
    ]);
    expect(between(resolved(), using({ DB: ref(1, 'a'.repeat(32)) }))).toContain(
      'configFiles./db added:  -> secret DB',
    );
  });

  it('are listed field by field', () =>
    expect(
      between(
        resolved(),
        resolved(
          {
            image: 'images.acme.dev/web:1.5.0',
            ports: [],
            resources: { requests: { cpu: '200m', memory: '128Mi' }, limits: { memory: '256Mi' } },
            volumes: [{ name: 'data', size: '2Gi', mountPath: '/data' }],
            host: 'web.acme.dev',
          },
          { profile: { id: 'q', name: 'production', revision: 1 }, tier: 'premium' },
        ),
      ),
    ).toEqual([
      'profileName changed: staging -> production',
      'tier changed: basic -> premium',
      'image changed: images.acme.dev/web:1.4.2 -> images.acme.dev/web:1.5.0',
      'resources.requests.cpu changed: 100m -> 200m',
      'volumes.data.size changed: 1Gi -> 2Gi',
      'host added:  -> web.acme.dev',
      'ports.metrics.port removed: 9090 -> ',
    ]));

  it('show possible secrets as fingerprints, which are equal for equal values of one application only', () => {
    const changed = resolved({
      command: ['serve', '--token=canary-other'],
      env: [{ name: 'MODE', value: 'canary-new' }],
      configFiles: [{ path: '/etc/app.conf', content: 'canary-new' }],
    });
    const told = between(resolved(), changed);
    expect(told).toEqual([
      expect.stringMatching(/^env\.MODE changed: fingerprint:[0-9a-f]{12} -> fingerprint:[0-9a-f]{12}$/),
      expect.stringMatching(/^configFiles\.\/etc\/app\.conf changed: fingerprint:\w+ -> fingerprint:\w+$/),
      expect.stringMatching(/^command changed: fingerprint:\w+ -> fingerprint:\w+$/),
      'env.NODE.fieldRef removed: spec.nodeName -> ',
    ]);
    expect(told.join()).not.toContain('canary');
    expect(between(resolved(), changed)).toEqual(told);
    expect(between(resolved(), changed, 'another application')).not.toEqual(told);
  });

  it('contain all fields if there is no earlier revision', () =>
    expect(between(undefined, resolved())).toEqual(
      expect.arrayContaining(['profileName added:  -> staging', 'image added:  -> images.acme.dev/web:1.4.2']),
    ));

  it('are listed by object, with names instead of indexes, if the source is Kubernetes objects', () => {
    const object = (image: string, password: string, value: string) => `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  template:
    spec:
      containers:
        - { name: app, image: ${image}, env: [{ name: MODE, value: ${value} }] }
---
apiVersion: v1
kind: Secret
metadata: { name: db }
stringData: { password: ${password} }
`;
    const told = between(yaml(object('web:1', 'canary-1', 'canary-2')), yaml(object('web:2', 'canary-3', 'canary-4')));
    expect(told).toEqual([
      'Deployment/web spec.template.spec.containers.app.image changed: web:1 -> web:2',
      expect.stringMatching(
        /^Deployment\/web spec\.template\.spec\.containers\.app\.env\.MODE\.value changed: fingerprint/,
      ),
      expect.stringMatching(/^Secret\/db stringData\.password changed: fingerprint:\w+ -> fingerprint:\w+$/),
    ]);
    expect(told.join()).not.toContain('canary');
  });

  it('include a change after the displayed part of a long value', () => {
    const long = (end: string) => resolved({ host: `${'x'.repeat(2_000)}${end}` });
    expect(between(long('a'), long('b'))).toHaveLength(1);
  });
});

describe('use-D20: differences between the objects of two revisions', () => {
  const deployment = (replicas: number, image: string, attempt: string) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'acme-web', annotations: { 'platform.astropulse.io/attempt': attempt } },
    spec: {
      replicas,
      template: { spec: { containers: [{ name: 'web', image, env: [{ name: 'A', value: 'canary' }] }] } },
    },
  });
  const secret = (value: string) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'web', namespace: 'other' },
    data: { TOKEN: value },
  });
  const differences = (before: readonly object[], after: readonly object[]) =>
    renderedDifferencesOf({
      before: JSON.stringify(before),
      after: JSON.stringify(after),
      targetNamespace: 'acme-web',
      key: 'k',
    });

  it('list the fields that were rendered to something else, and secrets as fingerprints', () => {
    const before = [deployment(1, 'web:1', 'v1.1'), secret('Y2FuYXJ5MQ==')];
    const after = [secret('Y2FuYXJ5Mg=='), deployment(3, 'web:2', 'v2.4')];
    const changes = differences(before, after);
    expect(changes).toMatchObject([
      { object: 'Secret/other/web', path: 'data.TOKEN', change: 'changed' },
      { object: 'Deployment/web', path: 'spec.replicas', before: '1', after: '3' },
      {
        object: 'Deployment/web',
        path: 'spec.template.spec.containers.web.image',
        before: 'web:1',
        after: 'web:2',
      },
    ]);
    expect(changes[0]?.before).toMatch(/^fingerprint:[0-9a-f]{12}$/);
    expect(JSON.stringify(differences([], after))).not.toMatch(/canary|Y2FuYXJ5/);
  });

  it('are empty if only the attempt differs', () =>
    expect(differences([deployment(1, 'web:1', 'v1.1')], [deployment(1, 'web:1', 'v2.2')])).toEqual([]));
});
