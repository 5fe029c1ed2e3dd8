import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { VERSION } from '#kernel';
import { checkInlineManifests } from '#kubernetes';
import { podViolations } from '#kubernetes/pod-security';
import { readConfiguration, VARIABLES } from '#runtime';
import { SERVICES } from '#testing';
import { parse } from 'yaml';
import { z } from 'zod';
import {
  CHART,
  DISTRIBUTED,
  helm,
  INSTALLATIONS,
  NEEDED,
  podsOf,
  rendered,
  variablesOf,
  type Values,
} from './chart.fixture.ts';

const template = (values: Values) => helm(['template', 'astro', CHART, '--values', '-'], values);

describe('the Helm chart', () => {
  it('has the version of the platform', () => {
    const chart = z.looseObject({ version: z.string(), appVersion: z.string() });
    const { version, appVersion } = chart.parse(parse(readFileSync(join(CHART, 'Chart.yaml'), 'utf8')));
    expect([version, appVersion]).toEqual([VERSION, VERSION]);
  });

  it('passes helm lint with the default values and with the values of each installation', async () => {
    for (const values of [{}, ...Object.values(INSTALLATIONS)]) {
      const linted = await helm(['lint', CHART, '--strict', '--values', '-'], values);
      expect([linted.code, linted.stdout]).toEqual([0, expect.stringContaining('0 chart(s) failed')]);
    }
  });

  describe.each(Object.entries(INSTALLATIONS))('%s', (_name, values) => {
    it('renders objects that match the Kubernetes schemas', async () => {
      const objects = await rendered(values);
      expect(objects.length).toBeGreaterThan(3);
      for (const object of objects) expect(checkInlineManifests(JSON.stringify(object))).toEqual([]);
    });

    it('renders pods that meet the Pod Security Standard restricted and have a read-only root file system', async () => {
      const pods = [...podsOf(await rendered(values)).values()];
      expect(pods.length).toBeGreaterThan(0);
      for (const { spec } of pods) {
        expect(podViolations(spec, 'restricted')).toEqual([]);
        expect(spec.containers[0]).toMatchObject({ securityContext: { readOnlyRootFilesystem: true } });
        expect(spec.containers[0]?.volumeMounts.map(({ mountPath }) => mountPath)).toEqual(
          expect.arrayContaining(['/tmp', '/var/lib/astro']),
        );
      }
    });

    it('sets only valid settings', async () => {
      const objects = await rendered(values);
      for (const component of podsOf(objects).keys()) {
        const good = new Map(Object.values(VARIABLES).map((variable) => [variable.name as string, variable.good]));
        const environment = [...variablesOf(objects, component)].map(([name, value]) => [
          name,
          value ?? good.get(name),
        ]);
        expect(readConfiguration(Object.fromEntries(environment))).toMatchObject({ ok: true, value: { warnings: [] } });
      }
    });
  });

  it.each([
    [{}, /image\.repository is not set\. There is no public image: build one, push it to your registry, and set it\./],
    [{}, /docker build --file deploy\/Dockerfile --tag REGISTRY\/astro-platform:\d+\.\d+\.\d+ \.\n +docker push/],
    [{ image: NEEDED.image }, /publicUrl is not set/],
    [{ ...NEEDED, publicUrl: 'astro.acme.dev' }, /publicUrl/],
    [{ ...NEEDED, profile: 'both' }, /profile/],
    [{ ...NEEDED, ingres: { enabled: true } }, /ingres/],
    [{ ...NEEDED, settings: { ASTRO_HOST: '127.0.0.1' } }, /ASTRO_HOST/],
    [{ ...NEEDED, settings: { ASTRO_BUS: 'nats://nats:4222' } }, /ASTRO_BUS/],
    [{ ...NEEDED, fullnameOverride: 'Astro' }, /fullnameOverride/],
    [{ ...NEEDED, publicUrl: 'https://10.0.0.1', ingress: { enabled: true } }, /must have a host name/],
    [{ ...DISTRIBUTED, admin: {} }, /admin\.passwordSecret\.name is required with profile: distributed/],
    [{ ...DISTRIBUTED, distributed: {} }, /distributed\.[a-zA-Z.]+ is required with profile: distributed/],
    [{ ...DISTRIBUTED, oidc: { issuer: 'https://issuer.acme.dev' } }, /oidc\.\w+ is required with oidc\.issuer/],
    [
      { ...DISTRIBUTED, distributed: { ...DISTRIBUTED.distributed, services: { identity: { replicas: 2 } } } },
      /identity\.replicas must be 1 with the built-in issuer/,
    ],
    [
      { ...DISTRIBUTED, distributed: { ...DISTRIBUTED.distributed, nats: { url: 'nats://astro:secret@nats:4222' } } },
      /nats.*url|url.*pattern/s,
    ],
  ])('refuses invalid values: %j', async (values, sentence) => {
    const done = await template(values);
    expect(done.code).not.toBe(0);
    expect(done.stderr).toMatch(sentence);
  });

  it('refuses to deploy to its own cluster from a namespace that applications can use', async () => {
    const values = { ...NEEDED, inCluster: { enabled: true } };
    const done = await helm(['template', 'astro', CHART, '--namespace', 'astro', '--values', '-'], values);
    expect(done.code).not.toBe(0);
    expect(done.stderr).toContain('inCluster.enabled needs a namespace that begins with astro-');
  });

  it('starts each service of the distributed profile, and gives each only the settings that it needs', async () => {
    const objects = await rendered(DISTRIBUTED);
    expect([...podsOf(objects).keys()].toSorted()).toEqual([...SERVICES].toSorted());
    for (const [component, { spec }] of podsOf(objects)) {
      expect(spec.containers[0]?.args).toEqual([`apps/${component}/main.mjs`]);
      expect(spec.automountServiceAccountToken).toBe(false);
    }
    for (const component of ['deploy-worker', 'sandbox-cluster'])
      for (const name of ['ASTRO_EVENT_STORE', 'ASTRO_READ_STORE', 'ASTRO_VAULT', 'ASTRO_SEALING_KEYS'])
        expect([component, name, variablesOf(objects, component).has(name)]).toEqual([component, name, false]);
  });

  it('mounts a ServiceAccount token only into the deploy workers, and only with inCluster.enabled', async () => {
    const enabled = await rendered({ ...DISTRIBUTED, inCluster: { enabled: true } });
    const withToken = [...podsOf(enabled)].filter(([, { spec }]) => spec.automountServiceAccountToken);
    expect(withToken.map(([component, { spec }]) => [component, spec.serviceAccountName])).toEqual([
      ['deploy-worker', 'astro-in-cluster'],
    ]);
    const bindings = enabled.filter(({ kind }) => kind === 'ClusterRoleBinding');
    expect(bindings).toMatchObject([
      {
        roleRef: { name: 'cluster-admin' },
        subjects: [{ kind: 'ServiceAccount', name: 'astro-in-cluster', namespace: 'astro-platform' }],
      },
    ]);
    expect((await rendered(DISTRIBUTED)).filter(({ kind }) => kind.includes('Role'))).toEqual([]);
  });

  it('routes the built-in issuer to identity, and everything else to the gateway', async () => {
    const ingress = async (values: Values) =>
      (await rendered({ ...values, ingress: { enabled: true } })).find(({ kind }) => kind === 'Ingress');
    const path = (prefix: string, name: string) => ({ path: prefix, backend: { service: { name } } });
    expect(await ingress(DISTRIBUTED)).toMatchObject({
      spec: {
        rules: [{ host: 'astro.acme.dev', http: { paths: [path('/oidc', 'astro-identity'), path('/', 'astro')] } }],
      },
    });
    expect(await ingress(NEEDED)).toMatchObject({ spec: { rules: [{ http: { paths: [path('/', 'astro')] } }] } });
  });
});
