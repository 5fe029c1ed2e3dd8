import { z } from 'zod';
import { imageDefaultsSchema, resourcesSchema, type imageSourceSchema } from './image-manifest.ts';
import { atMostOneOf, dnsLabel, dnsName, exactlyOneOf, field, labels, line } from './manifest-fields.ts';
import { sourceSchema } from './source-manifest.ts';

/** API version of all manifests. */
export const API_VERSION = 'platform.astropulse.io/v1';

/** Spec of an Application. */
export const applicationSpecSchema = z.strictObject({
  name: field(
    dnsLabel(38),
    'Name of the application, unique in the organization. Applying a manifest with an existing name updates the application.',
    'web',
  ),
  profileName: field(
    dnsLabel(63),
    'Profile with the cluster and common settings. Optional if the organization has only one profile.',
    'production',
  ).optional(),
  namespace: field(
    dnsLabel(63),
    'Namespace on the cluster. It cannot change later. Defaults to <organization>-<name>.',
    'shop',
  ).optional(),
  namespaceMode: field(
    z.enum(['override', 'preserve']),
    'override, the default, creates every object in the target namespace. preserve keeps the namespaces in the manifests, and requires the role owner or admin.',
    'override',
  ).optional(),
  source: field(sourceSchema, 'Source of the objects to deploy.', {
    type: 'image',
    image: { repository: 'shop/web', tag: '1.4.2' },
  }),
  externalAccess: field(
    atMostOneOf(
      z.strictObject({
        domain: field(
          dnsName,
          'Domain in which a host name is generated. The host name never changes.',
          'apps.acme.dev',
        ).optional(),
        hostname: field(
          dnsName,
          'Exact host name. Only one application on a cluster can have it.',
          'www.acme.dev',
        ).optional(),
      }),
      ['domain', 'hostname'],
    ),
    'Makes an image application reachable from outside the cluster, with an Ingress. Without a domain and a hostname, the host name is generated in the domain of the cluster (astroctl clusters ingress set).',
    { domain: 'apps.acme.dev' },
  ).optional(),
  dependsOn: field(
    z
      .array(dnsLabel(38))
      .max(20)
      .refine((names) => new Set(names).size === names.length, 'must list each application once'),
    'Applications of the organization that must be healthy before a new revision of this one is deployed. Cycles are rejected.',
    ['database'],
  ).optional(),
  syncPolicy: field(
    z.strictObject({
      auto: field(
        z.boolean(),
        'Whether changes of the source are deployed: new commits of a branch or tag, new versions in a range of chart versions. The source is looked up about every 3 minutes, a chart about every 10. Defaults to false.',
        true,
      ).optional(),
      prune: field(
        z.boolean(),
        'Whether objects that a new revision no longer contains are deleted. Defaults to true.',
        false,
      ).optional(),
      selfHeal: field(
        z.boolean(),
        'Whether changes that others make on the cluster are reverted. After three times in ten minutes, it stops until the application is applied or synced. Defaults to false.',
        true,
      ).optional(),
      rollback: field(
        z.boolean(),
        'Whether the last revision that succeeded is deployed again when a new one fails. Defaults to false.',
        true,
      ).optional(),
    }),
    'Changes that the platform makes automatically.',
    { selfHeal: true, rollback: true },
  ).optional(),
  labels: field(labels, 'Labels on every object of the application.', { team: 'shop' }).optional(),
  description: field(line(500), 'Description, in one line.', 'The web shop').optional(),
});
export type ApplicationSpec = z.infer<typeof applicationSpecSchema>;
export type ImageSource = z.infer<typeof imageSourceSchema>;

/** Provider of a cluster, as one word. */
const providerName = z.string().regex(/^[a-z][a-z0-9-]{0,30}$/, 'must be a word in lower case');

/** Spec of an ApplicationProfile. */
export const profileSpecSchema = z
  .strictObject({
    profileName: field(dnsLabel(63), 'Name of the profile, unique in the organization.', 'production'),
    clusterName: field(
      dnsLabel(63),
      'Cluster of the applications. It cannot change while applications use the profile. Defaults to the only cluster that fits cloudProvider, or to the only one of the organization.',
      'eu-prod',
    ).optional(),
    cloudProvider: field(
      z.strictObject({
        provider: field(providerName, 'Provider of the cluster, as it was registered.', 'aws'),
        region: field(
          line(60),
          'Region of the cluster, as it was registered. Defaults to any.',
          'eu-west-1',
        ).optional(),
      }),
      'Which cluster to use, instead of its name. Exactly one cluster of the organization must fit when the profile is applied; the profile keeps it.',
      { provider: 'aws', region: 'eu-west-1' },
    ).optional(),
    availabilityTier: field(
      dnsLabel(63),
      'Tier with the default replicas, resources, and priority: basic, standard, or premium. Defaults to the tier of the plan.',
      'standard',
    ).optional(),
    resources: field(
      resourcesSchema,
      'CPU and memory of each pod. Takes precedence over the tier; defaults take precedence over it.',
      {
        requests: { memory: '256Mi' },
      },
    ).optional(),
    protected: field(z.boolean(), 'Whether only owners and admins can change the applications.', true).optional(),
    defaults: field(imageDefaultsSchema, 'Default values for image applications.', { port: 3000 }).optional(),
    description: field(line(500), 'Description, in one line.', 'Applications that customers use').optional(),
  })
  .refine(({ clusterName, cloudProvider }) => clusterName === undefined || cloudProvider === undefined, {
    path: ['cloudProvider'],
    message: 'cannot be combined with clusterName',
  })
  .meta({ not: { required: ['clusterName', 'cloudProvider'], properties: { clusterName: {}, cloudProvider: {} } } });
export type ProfileSpec = z.infer<typeof profileSpecSchema>;

/** Policy of a registered cluster. */
export const policySchema = z.strictObject({
  namespaces: field(
    z.array(z.string().regex(/^!?[a-z0-9*][a-z0-9*-]*$/, 'must be a namespace glob such as team-*')).max(100),
    'Namespaces that applications can use, as globs. A leading ! excludes namespaces, and takes precedence.',
    ['team-*', '!team-secret'],
  ).optional(),
  clusterScoped: field(
    z.union([
      z.enum(['deny', 'allow']),
      z.array(z.string().regex(/^([a-z0-9.-]+\/)?[A-Z][A-Za-z0-9]*$/, 'must be group/Kind')).max(100),
    ]),
    'Cluster-scoped kinds that manifests can contain: deny, allow, or a list of group/Kind.',
    ['apiextensions.k8s.io/CustomResourceDefinition'],
  ).optional(),
  podSecurity: field(
    z.enum(['restricted', 'baseline', 'privileged']),
    'Pod Security Standard that every pod must meet.',
    'baseline',
  ).optional(),
});
export type ClusterPolicy = z.infer<typeof policySchema>;

/** Default policy of a registered cluster. */
export const DEFAULT_POLICY = {
  namespaces: ['*', '!kube-*', '!default', '!astro-*'],
  clusterScoped: ['apiextensions.k8s.io/CustomResourceDefinition'],
  podSecurity: 'baseline',
} as const;

/** Spec of a K8sClusterRegistration. */
export const registrationSpecSchema = exactlyOneOf(
  z.strictObject({
    clusterName: field(dnsLabel(63), 'Name of the cluster, unique in the organization.', 'eu-prod'),
    provider: field(providerName, 'Provider of the cluster, as one word.', 'aws').default('other'),
    region: field(line(60), 'Region of the provider.', 'eu-west-1').optional(),
    labels: field(labels, 'Labels of the cluster.', { stage: 'production' }).optional(),
    policy: field(policySchema, 'What applications can do on the cluster.', { podSecurity: 'baseline' }).optional(),
    server: field(z.string().max(2_000), 'Address of the Kubernetes API.', 'https://eu-prod.acme.dev:6443').optional(),
    inCluster: field(
      z.literal(true),
      'The cluster that the platform runs in, without address and credential. Only a global admin can register it.',
      true,
    ).optional(),
    certificateAuthorityData: field(
      z.string().max(200_000),
      'Certificate authority of the server, PEM in base64, as in a kubeconfig.',
      'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t',
    ).optional(),
    tlsServerName: field(
      dnsName,
      'Host name in the certificate of the server, if it differs from the address.',
      'eu-prod.acme.dev',
    ).optional(),
    token: field(
      z.string().min(1).max(20_000),
      'Token of a ServiceAccount. It is stored encrypted.',
      'eyJhbGciOi…',
    ).optional(),
    clientCertificateData: field(
      z.string().max(200_000),
      'Client certificate, PEM in base64, instead of a token.',
      'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t',
    ).optional(),
    clientKeyData: field(
      z.string().max(200_000),
      'Key of the client certificate, PEM in base64. It is stored encrypted.',
      'LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0t',
    ).optional(),
  }),
  ['server', 'inCluster'],
);
export type RegistrationSpec = z.infer<typeof registrationSpecSchema>;

/** Kinds that a manifest may have, and the command that reads each of them. */
export const KINDS = {
  Application: 'astroctl app apply',
  ApplicationProfile: 'astroctl app profile apply',
  K8sClusterRegistration: 'astroctl clusters register',
  K8sCluster: null,
  K8sClusterUpdate: null,
  K8sClusterAddon: null,
} as const;
export type ManifestKind = keyof typeof KINDS;

/** Spec of a document, and its pointer inside the document: `/spec` in an envelope, '' without one. */
export interface OpenedDocument {
  readonly kind: ManifestKind | undefined;
  readonly spec: unknown;
  readonly pointer: '' | '/spec';
  /** `metadata.name`, if set. */
  readonly name?: string;
}

const envelopeSchema = z.strictObject({
  apiVersion: z.literal(API_VERSION, { error: `must be ${API_VERSION}` }),
  kind: z.enum(Object.keys(KINDS) as [ManifestKind, ...ManifestKind[]], {
    error: `must be one of ${Object.keys(KINDS).join(', ')}`,
  }),
  metadata: z.strictObject({ name: z.string().optional() }).optional(),
  spec: z.unknown(),
});

/** Accepts a manifest of one kind in a request body, with `apiVersion` and `kind` or as its spec alone. */
export const manifestOf = (kind: ManifestKind, spec: z.ZodType) =>
  z.union([
    z.strictObject({
      apiVersion: z.literal(API_VERSION),
      kind: z.literal(kind),
      metadata: z.strictObject({ name: z.string().optional() }).optional(),
      spec,
    }),
    spec,
  ]);

/** Returns the spec of a document. A document without `apiVersion` and `kind` is the spec itself. */
export function openEnvelope(
  document: unknown,
):
  | { readonly ok: true; readonly value: OpenedDocument }
  | { readonly ok: false; readonly error: z.ZodError; readonly schema: z.ZodType } {
  const isEnvelope =
    typeof document === 'object' && document !== null && ('apiVersion' in document || 'kind' in document);
  if (!isEnvelope) return { ok: true, value: { kind: undefined, spec: document, pointer: '' } };
  const parsed = envelopeSchema.safeParse(document);
  if (!parsed.success) return { ok: false, error: parsed.error, schema: envelopeSchema };
  const { kind, spec, metadata } = parsed.data;
  return {
    ok: true,
    value: { kind, spec, pointer: '/spec', ...(metadata?.name !== undefined && { name: metadata.name }) },
  };
}
