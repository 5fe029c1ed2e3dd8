import { join } from 'node:path';
import { runProgram, type Finished } from '#testing';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';

const root = join(import.meta.dirname, '..', '..');

export const CHART = join(root, 'deploy', 'helm', 'astro-platform');

/** Content of a values file. */
export type Values = Readonly<Record<string, unknown>>;

/** Required values of each installation. */
export const NEEDED = {
  publicUrl: 'https://astro.acme.dev',
  image: { repository: 'registry.acme.dev/astro-platform' },
};

/** Required values of the distributed profile. */
export const DISTRIBUTED = {
  ...NEEDED,
  profile: 'distributed',
  admin: { passwordSecret: { name: 'admin' } },
  distributed: {
    nats: { url: 'nats://nats.data.svc:4222' },
    eventStore: { secretName: 'event-store' },
    mongodb: { secretName: 'mongodb' },
    sealingKeys: { secretName: 'sealing-keys' },
    access: { secretName: 'access' },
  },
};

const EXTERNAL_ISSUER = {
  oidc: {
    issuer: 'https://acme.eu.auth0.com/',
    audience: 'https://astro.acme.dev/api',
    cliClientId: 'cli',
    consoleClientId: 'console',
    adminEmails: ['ada@acme.dev', 'linus@acme.dev'],
    settings: { EMAIL_VERIFIED: 'always' },
  },
};
const INGRESS = {
  ingress: {
    enabled: true,
    className: 'nginx',
    annotations: { 'nginx.ingress.kubernetes.io/proxy-read-timeout': '3600' },
    tls: { secretName: 'astro-tls' },
  },
};

/** Values that cover the branches of the templates, by title. */
export const INSTALLATIONS: Readonly<Record<string, Values>> = {
  embedded: NEEDED,
  'embedded with an ingress, keys of its own, and its own cluster': {
    ...NEEDED,
    ...INGRESS,
    contact: 'platform@acme.dev',
    trustedProxies: ['10.4.0.0/16', 'fd00::/8'],
    egressAllow: ['10.5.0.0/16', 'k8s.acme.internal:6443'],
    admin: { email: 'ada@acme.dev', passwordSecret: { name: 'admin' } },
    plans: { pricingUrl: 'https://acme.dev/plans', defaultPlan: 'team', plans: [] },
    settings: { ASTRO_MAX_STREAMS_PER_KEY: 50, ASTRO_SANDBOX_NODES: '10' },
    inCluster: { enabled: true },
    embedded: { keysSecret: 'keys', storage: { storageClass: 'fast', size: '20Gi' } },
  },
  'embedded on a claim that exists, with an external issuer and places for its pod': {
    ...NEEDED,
    ...EXTERNAL_ISSUER,
    image: {
      repository: 'registry.acme.dev/astro-platform',
      digest: `sha256:${'a'.repeat(64)}`,
      pullPolicy: 'Always',
      pullSecrets: ['registry'],
    },
    listenAddress: '::',
    embedded: { storage: { existingClaim: 'data' } },
    service: { type: 'LoadBalancer', port: 8080, annotations: { a: 'b' } },
    podAnnotations: { 'prometheus.io/scrape': 'true' },
    podLabels: { team: 'platform' },
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    tolerations: [{ key: 'dedicated', operator: 'Exists', effect: 'NoSchedule' }],
    affinity: { nodeAffinity: {} },
    priorityClassName: 'system-cluster-critical',
  },
  distributed: DISTRIBUTED,
  'distributed with an ingress, an external issuer, its own cluster, and no sandboxes': {
    ...DISTRIBUTED,
    ...EXTERNAL_ISSUER,
    ...INGRESS,
    inCluster: { enabled: true, clusterRole: 'edit' },
    distributed: {
      ...DISTRIBUTED.distributed,
      nats: { url: 'tls://nats.data.svc:4222', caSecretName: 'nats-ca' },
      sandbox: { enabled: false },
      services: { identity: { replicas: 3 }, billing: { replicas: 1 } },
    },
  },
};

/** Runs helm. `values` are sent to standard input, for the argument `--values -`. */
export const helm = (args: readonly string[], values?: Values, environment = {}): Promise<Finished> =>
  runProgram(join(root, 'node_modules', '.bin', 'helm'), args, {
    environment,
    ...(values && { input: JSON.stringify(values) }),
  });

export const kubernetesObject = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), labels: z.record(z.string(), z.string()).optional() }),
});
export type RenderedObject = z.infer<typeof kubernetesObject>;

/** Returns the objects that `helm template` prints. */
export async function rendered(values: Values): Promise<readonly RenderedObject[]> {
  const done = await helm(['template', 'astro', CHART, '--namespace', 'astro-platform', '--values', '-'], values);
  if (done.code !== 0) throw new Error(done.stderr);
  return parseAllDocuments(done.stdout, { version: '1.1' })
    .filter((document) => document.contents !== null)
    .map((document) => {
      if (document.errors[0]) throw document.errors[0];
      return kubernetesObject.parse(document.toJS());
    });
}

const container = z.looseObject({
  name: z.string(),
  image: z.string(),
  args: z.array(z.string()),
  env: z.array(z.looseObject({ name: z.string(), value: z.string().optional() })),
  volumeMounts: z.array(z.looseObject({ name: z.string(), mountPath: z.string() })),
});
const podTemplate = z.looseObject({
  metadata: z.looseObject({ labels: z.record(z.string(), z.string()) }),
  spec: z.looseObject({
    serviceAccountName: z.string(),
    automountServiceAccountToken: z.boolean(),
    containers: z.array(container).length(1),
  }),
});
const workload = z.looseObject({ spec: z.looseObject({ template: podTemplate }) });

/** Returns the pod templates of Deployments and StatefulSets, by component. */
export function podsOf(objects: readonly RenderedObject[]): ReadonlyMap<string, z.infer<typeof podTemplate>> {
  const workloads = objects.filter(({ kind }) => kind === 'Deployment' || kind === 'StatefulSet');
  return new Map(
    workloads.map((object) => {
      const { template } = workload.parse(object).spec;
      return [template.metadata.labels['app.kubernetes.io/component'] ?? '', template];
    }),
  );
}

/** Returns the environment variables of a component. The value is undefined if it is in a Secret. */
export function variablesOf(objects: readonly RenderedObject[], component: string): Map<string, string | undefined> {
  const [only] = podsOf(objects).get(component)?.spec.containers ?? [];
  if (!only) throw new Error(`no pod of ${component}`);
  return new Map(only.env.map(({ name, value }) => [name, value]));
}
