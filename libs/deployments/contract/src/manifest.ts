import { BODY_BYTES } from '#bus/contract';
import { z } from 'zod';

export const API_VERSION = 'platform.astropulse.io/v1';

/** RFC 1123 label. */
const dnsLabel = (most: number) =>
  z
    .string()
    .max(most, `must be at most ${most} characters`)
    .regex(
      /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/,
      'must be a DNS label: lower-case letters, digits and hyphens, a letter or digit first and last',
    );

const dnsName = z
  .string()
  .max(253)
  .regex(
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$/,
    'must be a host name in lower case, without a wildcard',
  );

/** One line of text: no control characters, so that it cannot forge a line of a log or a header. */
const line = (most: number) =>
  z
    .string()
    .max(most)
    .regex(/^[^\u0000-\u001f\u007f\u2028\u2029]*$/, 'must be one line without control characters');

/** A Kubernetes quantity, positive. */
const quantity = z
  .string()
  .regex(/^(?:[1-9]\d*|\d+\.\d*[1-9]\d*)(?:m|k|Ki|M|Mi|G|Gi|T|Ti)?$/, 'must be a quantity such as 250m, 1 or 512Mi');
const port = z.number().int().min(1).max(65_535);
const percent = z.number().int().min(1).max(100);
const labelKey = /^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
const MOST_LABELS = 100;
const labels = z
  .record(
    z.string().regex(labelKey, 'is not a label key'),
    z
      .string()
      .max(63)
      .regex(/^([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)?$/, 'is not a label value'),
  )
  .refine((given) => Object.keys(given).length <= MOST_LABELS, `must be at most ${MOST_LABELS} labels`)
  .refine(
    (given) => Object.keys(given).every((key) => !/(^|\.)(kubernetes\.io|k8s\.io|astropulse\.io)\//.test(key)),
    'labels below kubernetes.io, k8s.io and astropulse.io are reserved',
  );

const notYet = (what: string) => z.never({ error: `${what} is not available in this release` }).optional();

/** How requests and limits are written, as in a container. */
export const resourcesSchema = z.strictObject({
  requests: z.strictObject({ cpu: quantity.optional(), memory: quantity.optional() }).optional(),
  limits: z.strictObject({ cpu: quantity.optional(), memory: quantity.optional() }).optional(),
});

const imageDefaults = {
  port: port.optional(),
  ports: z
    .array(z.strictObject({ name: dnsLabel(15), port, protocol: z.enum(['TCP', 'UDP']).default('TCP') }))
    .max(32)
    .optional(),
  command: z.array(z.string().max(4_096)).max(64).optional(),
  args: z.array(z.string().max(4_096)).max(256).optional(),
  env: z
    .array(
      z.union(
        [
          z.strictObject({
            name: z.string().regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,252}$/, 'is not the name of an environment variable'),
            value: z.string().max(32_768),
          }),
          z.strictObject({
            name: z.string().regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,252}$/, 'is not the name of an environment variable'),
            fieldRef: z.string().max(200),
          }),
        ],
        { error: 'must have name and one of value, fieldRef' },
      ),
    )
    .max(500)
    .optional(),
  resources: resourcesSchema.optional(),
  replicas: z.number().int().min(1).max(1_000).optional(),
  autoscaling: z
    .strictObject({
      min: z.number().int().min(1).max(1_000),
      max: z.number().int().min(1).max(1_000),
      cpu: percent.optional(),
      memory: percent.optional(),
    })
    .refine(({ min, max }) => min <= max, 'min must not be above max')
    .optional(),
  health: z
    .strictObject({
      path: z.string().max(1_024).startsWith('/', 'must begin with /'),
      port: port.optional(),
      initialDelaySeconds: z.number().int().min(0).max(3_600).optional(),
      periodSeconds: z.number().int().min(1).max(3_600).optional(),
      timeoutSeconds: z.number().int().min(1).max(600).optional(),
      failureThreshold: z.number().int().min(1).max(100).optional(),
    })
    .optional(),
  volumes: z
    .array(
      z.strictObject({
        name: dnsLabel(50),
        size: quantity,
        storageClass: dnsLabel(63).optional(),
        mountPath: z.string().max(512).startsWith('/', 'must be an absolute path'),
      }),
    )
    .max(20)
    .optional(),
  configFiles: z
    .array(
      z.strictObject({
        path: z.string().max(512).startsWith('/', 'must be an absolute path'),
        content: z.string().max(262_144),
      }),
    )
    .max(50)
    .optional(),
  strategy: z.enum(['rolling', 'recreate']).optional(),
  imagePullSecret: dnsLabel(63).optional(),
  runAsUser: z.number().int().min(1, 'must not be the root directory').max(2_147_483_647).optional(),
  schedule: notYet('schedule'),
  preDeploy: notYet('preDeploy'),
};

export const imageSourceSchema = z
  .strictObject({
    registry: z
      .string()
      .max(253)
      .regex(
        /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?$/,
        'must be a host, perhaps with a port, without user or scheme',
      )
      .optional(),
    repository: z
      .string()
      .max(255)
      .regex(
        /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/,
        'must be the path of an image in lower case, without registry, tag or digest',
      ),
    tag: z
      .string({ error: 'must be text; quote it' })
      .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/, 'must be a tag: letters, digits and _ . -, at most 128')
      .optional(),
    digest: z
      .string()
      .regex(/^sha256:[0-9a-f]{64}$/, 'must be sha256: and 64 hex digits')
      .optional(),
    ...imageDefaults,
  })
  .refine(({ tag, digest }) => (tag === undefined) !== (digest === undefined), 'must have either tag or digest');

export const SOURCE_TYPES = ['image', 'helm', 'repository', 'yaml'] as const;
const AVAILABLE_SOURCES = ['image', 'yaml'];

const sourceSchema = z
  .strictObject({
    type: z.enum(SOURCE_TYPES),
    image: imageSourceSchema.optional(),
    yaml: z
      .strictObject({
        manifests: z
          .string()
          .min(1)
          .max(BODY_BYTES, `must be at most ${BODY_BYTES / 1024} KiB`),
      })
      .optional(),
    helm: z.unknown().optional(),
    repository: z.unknown().optional(),
  })
  .superRefine((source, context) => {
    const given = SOURCE_TYPES.filter((type) => source[type] !== undefined);
    if (given.length > 1)
      context.addIssue({
        code: 'custom',
        message: `must contain exactly one source, not ${given.length}: ${given.join(', ')}`,
      });
    else if (given[0] !== source.type)
      context.addIssue({
        code: 'custom',
        message: `type is ${source.type}, so the block ${source.type} is required${given[0] ? `, not ${given[0]}` : ''}`,
      });
    else if (!AVAILABLE_SOURCES.includes(source.type))
      context.addIssue({
        code: 'custom',
        path: ['type'],
        message: `${source.type} is not available in this release; use image or yaml`,
      });
  });

export const applicationSpecSchema = z.strictObject({
  name: dnsLabel(38),
  profileName: dnsLabel(63).optional(),
  namespace: dnsLabel(63).optional(),
  namespaceMode: z.enum(['override', 'preserve']).optional(),
  source: sourceSchema,
  externalAccess: z
    .strictObject({ domain: dnsName.optional(), hostname: dnsName.optional() })
    .refine(
      ({ domain, hostname }) => (domain === undefined) !== (hostname === undefined),
      'must have either domain or hostname',
    )
    .optional(),
  dependsOn: notYet('dependsOn'),
  syncPolicy: notYet('syncPolicy'),
  labels: labels.optional(),
  description: line(500).optional(),
});
export type ApplicationSpec = z.infer<typeof applicationSpecSchema>;
export type ImageSource = z.infer<typeof imageSourceSchema>;

export const profileSpecSchema = z.strictObject({
  profileName: dnsLabel(63),
  clusterName: dnsLabel(63),
  availabilityTier: dnsLabel(63).optional(),
  resources: resourcesSchema.optional(),
  protected: z.boolean().optional(),
  defaults: z.strictObject(imageDefaults).optional(),
  description: line(500).optional(),
});
export type ProfileSpec = z.infer<typeof profileSpecSchema>;

export const policySchema = z.strictObject({
  namespaces: z
    .array(z.string().regex(/^!?[a-z0-9*][a-z0-9*-]*$/, 'must be a namespace glob such as team-*'))
    .max(100)
    .optional(),
  clusterScoped: z
    .union([
      z.enum(['deny', 'allow']),
      z.array(z.string().regex(/^([a-z0-9.-]+\/)?[A-Z][A-Za-z0-9]*$/, 'must be group/Kind')).max(100),
    ])
    .optional(),
  podSecurity: z.enum(['restricted', 'baseline', 'privileged']).optional(),
});
export type ClusterPolicy = z.infer<typeof policySchema>;

/** Rules of a registered cluster unless its policy says otherwise. */
export const DEFAULT_POLICY = {
  namespaces: ['*', '!kube-*', '!default', '!astro-*'],
  clusterScoped: ['apiextensions.k8s.io/CustomResourceDefinition'],
  podSecurity: 'baseline',
} as const;

export const registrationSpecSchema = z.strictObject({
  clusterName: dnsLabel(63),
  provider: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,30}$/, 'must be a word in lower case')
    .default('other'),
  region: line(60).optional(),
  labels: labels.optional(),
  policy: policySchema.optional(),
  server: z.string().max(2_000),
  /** PEM text, base64 encoded, as in a kubeconfig. */
  certificateAuthorityData: z.string().max(200_000).optional(),
  tlsServerName: dnsName.optional(),
  token: z.string().min(1).max(20_000).optional(),
  clientCertificateData: z.string().max(200_000).optional(),
  clientKeyData: z.string().max(200_000).optional(),
});
export type RegistrationSpec = z.infer<typeof registrationSpecSchema>;

/** Kinds that an envelope may name, and the command that reads each. */
export const KINDS = {
  Application: 'astroctl app apply',
  ApplicationProfile: 'astroctl app profile apply',
  K8sClusterRegistration: 'astroctl clusters register',
  K8sCluster: null,
  K8sClusterUpdate: null,
  K8sClusterAddon: null,
} as const;
export type ManifestKind = keyof typeof KINDS;

/** A document's spec and its pointer inside the document: enveloped (`/spec`) or flat (``). */
export interface OpenedDocument {
  readonly kind: ManifestKind | undefined;
  readonly spec: unknown;
  readonly pointer: '' | '/spec';
  /** `metadata.name`, where the envelope has one. */
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

/** A manifest of one kind as a body may hold it: in its envelope, or its spec alone. */
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

/** Takes a document out of its envelope; a document without `apiVersion` and `kind` is the spec itself. */
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
