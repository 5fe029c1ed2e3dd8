import {
  conflictsIn,
  quantityOf,
  secondsOf,
  TIERS,
  type ApplicationSpec,
  type ImageSource,
  type IngressSettings,
  type PinnedSource,
  type ProfileSpec,
  type ResolvedSpec,
  type SyncPolicy,
  type Tier,
} from '#deployments/contract';
import type { ImageWorkload, WorkloadIdentity, WorkloadResources, WorkloadVariable } from '#kubernetes';
import { err, ok, type InputError, type Result } from '#kernel';
import { canonicalCpu, canonicalMemory } from './quantities.ts';
import { scaleOf, type Scale } from './scale.ts';
import { hasOneWriter } from './volumes.ts';
import { usedSecrets, type Secrets } from './secrets.ts';
import { withoutUndefined } from './without-undefined.ts';

/** An application's spec, and all that its resolution depends on. */
export interface ResolveInput {
  readonly spec: ApplicationSpec;
  readonly applicationId: string;
  readonly revision: number;
  readonly profile: { readonly id: string; readonly revision: number; readonly spec: ProfileSpec };
  /** Tier of a profile that names none. */
  readonly defaultTier: string;
  readonly targetNamespace: string;
  /** For an image application; see `RevisionContent.identityOf`. */
  readonly identity: WorkloadIdentity;
  readonly cluster: { readonly name: string; readonly ingress: IngressSettings };
  /** Present secrets of the application. */
  readonly secrets: Secrets;
  /** For a source outside of the platform. */
  readonly pinned?: PinnedSource;
}

/** Fields of an image application for which a profile can set defaults. */
type ImageFields = NonNullable<ProfileSpec['defaults']>;

/** Platform default: the port on which an image is assumed to listen. */
const PLATFORM_PORT = 8_080;

/** Returns the tier of that name. */
export const tierOf = (name: string): Tier | undefined => TIERS.find((tier) => tier.name === name);

/** Returns the tier of a profile's applications. An unknown tier is rejected when the profile is applied. */
export const effectiveTier = (profile: ProfileSpec, defaultTier: string): Tier | undefined =>
  tierOf(profile.availabilityTier ?? defaultTier);

/**
 * Resolves a revision: platform < tier < profile < application. Errors have JSON pointers into the application's spec,
 * such as `/source/image/replicas`.
 */
export function resolve(input: ResolveInput): Result<ResolvedSpec, InputError[]> {
  const { spec, revision, profile, defaultTier, targetNamespace } = input;
  const tier = effectiveTier(profile.spec, defaultTier);
  if (!tier)
    return err([
      {
        pointer: '/profileName',
        message: `profile ${profile.spec.profileName} has the unknown tier ${profile.spec.availabilityTier ?? defaultTier}`,
      },
    ]);
  const common = {
    applicationName: spec.name,
    revision,
    profile: { id: profile.id, name: profile.spec.profileName, revision: profile.revision },
    tier: tier.name,
    targetNamespace,
    namespaceMode: spec.namespaceMode ?? 'override',
    ...(spec.dependsOn && spec.dependsOn.length > 0 && { dependsOn: spec.dependsOn }),
    ...syncPolicyOf(spec),
  } as const;
  if (spec.syncPolicy?.auto === true && !input.pinned)
    return err([
      {
        pointer: '/syncPolicy/auto',
        message: 'requires a source that can change: a git repository, or a chart; an image changes with the manifest',
      },
    ]);
  if (!spec.source.image) {
    if (spec.externalAccess)
      return err([
        {
          pointer: '/externalAccess',
          message: 'is supported only for image applications; add an Ingress to the manifests',
        },
      ]);
    if (input.pinned) return ok({ ...common, source: input.pinned });
    const manifests = spec.source.yaml?.manifests;
    if (manifests !== undefined)
      return ok({ ...common, source: { type: 'yaml', manifests, labels: spec.labels ?? {} } });
  }
  if (!spec.source.image) return err([{ pointer: '/source', message: 'must contain an image or manifests' }]);
  const workload = resolveImage(input, spec.source.image, tier);
  if (!workload.ok) return workload;
  const secrets = usedSecrets(workload.value, input.secrets);
  return ok({ ...common, source: { type: 'image', workload: workload.value, ...(secrets && { secrets }) } });
}

/** Returns the policy without its defaults, so that a manifest that only repeats them is the same revision. */
function syncPolicyOf({ syncPolicy = {} }: ApplicationSpec): Pick<ResolvedSpec, 'syncPolicy'> {
  const { auto, prune, selfHeal, rollback } = syncPolicy;
  const policy: SyncPolicy = {
    ...(auto === true && { auto }),
    ...(prune === false && { prune }),
    ...(selfHeal === true && { selfHeal }),
    ...(rollback === true && { rollback }),
  };
  return Object.keys(policy).length > 0 ? { syncPolicy: policy } : {};
}

function resolveImage(
  { spec, applicationId, profile, targetNamespace, identity, cluster }: ResolveInput,
  image: ImageSource,
  tier: Tier,
): Result<ImageWorkload, InputError[]> {
  const defaults: ImageFields = profile.spec.defaults ?? {};
  const volumes = image.volumes ?? defaults.volumes ?? [];
  const isScheduled = image.schedule !== undefined;
  const scale = isScheduled ? SCHEDULED : scaleOf(image, defaults, tier, volumes.find(hasOneWriter));
  const resources = resourcesOf([tierResources(tier), profile.spec.resources, defaults.resources, image.resources]);
  const pick = <K extends keyof ImageFields>(field: K): ImageFields[K] => image[field] ?? defaults[field];
  const asked = isScheduled ? 'none' : (pick('port') ?? PLATFORM_PORT);
  const port = asked === 'none' ? undefined : asked;
  const health = isScheduled ? undefined : pick('health');
  const errors = [
    ...scale.errors,
    ...resources.errors,
    ...conflictsOf(image, defaults),
    ...(isScheduled ? scheduleErrors(spec) : port === undefined ? portErrors(spec, health) : []),
    ...domainErrors(spec, cluster),
  ];
  if (errors.length > 0) return err(errors);

  const optional = <K extends 'command' | 'args' | 'strategy' | 'imagePullSecret' | 'runAsUser'>(
    field: K,
  ): { readonly [F in K]?: NonNullable<ImageFields[K]> } => {
    const value = pick(field);
    // the key is the requested one
    return value === undefined ? {} : ({ [field]: value } as { readonly [F in K]: NonNullable<ImageFields[K]> });
  };
  const host = hostOf(spec, applicationId, cluster.ingress);
  return ok({
    rendering: 2,
    name: spec.name,
    ...identity,
    targetNamespace,
    image: imageReference(image),
    ...(port !== undefined && { port }),
    ports: isScheduled ? [] : (pick('ports') ?? []),
    ...optional('command'),
    ...optional('args'),
    env: mergeVariables(defaults.env ?? [], image.env ?? []),
    secrets: {},
    resources: resources.value,
    replicas: scale.replicas,
    ...(scale.autoscaling && { autoscaling: scale.autoscaling }),
    ...(health && { health: withoutUndefined(health) }),
    volumes: volumes.map(withoutUndefined),
    configFiles: mergeFiles(defaults.configFiles ?? [], image.configFiles ?? []),
    ...(!isScheduled && optional('strategy')),
    ...scheduleOf(image),
    ...optional('imagePullSecret'),
    ...optional('runAsUser'),
    ...(host !== undefined && { host, ...ingressOf(spec.name, cluster.ingress) }),
    ...(tier.spread && { spread: 'hard' as const }),
    priority: tier.priority,
    labels: spec.labels ?? {},
  });
}

/** A CronJob starts one pod at a time of its schedule. */
const SCHEDULED: Scale = { replicas: 1, errors: [] };

function scheduleOf({
  schedule,
  timeZone,
  concurrencyPolicy,
  preDeploy,
}: ImageSource): Pick<ImageWorkload, 'schedule' | 'timeZone' | 'concurrencyPolicy' | 'preDeploy'> {
  return {
    ...(schedule !== undefined && { schedule }),
    ...(timeZone !== undefined && { timeZone }),
    ...(concurrencyPolicy !== undefined && { concurrencyPolicy }),
    ...(preDeploy && {
      preDeploy: {
        ...(preDeploy.command && { command: preDeploy.command }),
        ...(preDeploy.args && { args: preDeploy.args }),
        ...(preDeploy.timeout !== undefined && { timeoutSeconds: secondsOf(preDeploy.timeout) }),
      },
    }),
  };
}

const scheduleErrors = ({ externalAccess }: ApplicationSpec): InputError[] =>
  externalAccess
    ? [{ pointer: '/externalAccess', message: 'cannot be combined with schedule, because the pods serve no requests' }]
    : [];

/** Returns errors for fields that need a port if the container has none. */
const portErrors = ({ externalAccess }: ApplicationSpec, health: ImageFields['health']): InputError[] => [
  ...(externalAccess ? [{ pointer: '/externalAccess', message: 'needs a port, but port is none' }] : []),
  ...(health && health.port === undefined
    ? [{ pointer: '/source/image', message: 'has port none, so health needs a port of its own: set health.port' }]
    : []),
];

const domainErrors = ({ externalAccess }: ApplicationSpec, { name, ingress }: ResolveInput['cluster']): InputError[] =>
  externalAccess && (externalAccess.hostname ?? externalAccess.domain ?? ingress.domain) === null
    ? [
        {
          pointer: '/externalAccess',
          message: `needs a domain or a hostname, because cluster ${name} has no domain; set one with: astroctl clusters ingress set ${name} --domain DOMAIN`,
        },
      ]
    : [];

/**
 * Returns what the cluster's settings add to an Ingress. A cert-manager certificate is stored in the application's own
 * Secret.
 */
function ingressOf(
  application: string,
  { class: ingressClassName, tls, annotations }: IngressSettings,
): Pick<ImageWorkload, 'ingressClassName' | 'tlsSecretName' | 'ingressAnnotations'> {
  const [kind, name = ''] = tls.split(':');
  const all = { ...annotations, ...(kind === 'issuer' && { 'cert-manager.io/cluster-issuer': name }) };
  return {
    ...(ingressClassName !== null && { ingressClassName }),
    ...(kind !== 'none' && { tlsSecretName: kind === 'secret' ? name : `${application}-tls` }),
    ...(Object.keys(all).length > 0 && { ingressAnnotations: all }),
  };
}

/** Returns `registry/repository:tag` or `…@digest`. */
const imageReference = ({
  registry,
  repository,
  tag,
  digest,
}: Pick<ImageSource, 'registry' | 'repository' | 'tag' | 'digest'>): string =>
  `${registry === undefined ? '' : `${registry}/`}${repository}${digest === undefined ? `:${tag ?? 'latest'}` : `@${digest}`}`;

/** Returns the exact host, or a generated one. Four characters of the application's id make it unique and stable. */
function hostOf(
  { name, externalAccess }: Pick<ApplicationSpec, 'name' | 'externalAccess'>,
  applicationId: string,
  ingress: IngressSettings,
): string | undefined {
  if (!externalAccess) return undefined;
  const { hostname, domain = ingress.domain } = externalAccess;
  return hostname ?? (domain === null ? undefined : `${name}-${applicationId.replaceAll('-', '').slice(-4)}.${domain}`);
}

type Resources = NonNullable<ImageFields['resources']>;

const tierResources = ({ cpu, memory }: Tier): Resources => ({
  requests: { cpu: cpu.request, memory: memory.request },
  limits: { cpu: cpu.limit, memory: memory.limit },
});

/**
 * Merges layers of resources; later ones take precedence, value by value. A limit below its request is an error, since
 * clusters reject it.
 */
function resourcesOf(layers: readonly (Resources | undefined)[]): {
  readonly value: WorkloadResources;
  readonly errors: readonly InputError[];
} {
  const last = (of: (resources: Resources) => string | undefined): string => {
    const given = layers.flatMap((layer) => (layer ? [of(layer)] : [])).filter((value) => value !== undefined);
    return given.at(-1) ?? '0';
  };
  const value = {
    requests: {
      cpu: canonicalCpu(last(({ requests }) => requests?.cpu)),
      memory: canonicalMemory(last(({ requests }) => requests?.memory)),
    },
    limits: {
      cpu: canonicalCpu(last(({ limits }) => limits?.cpu)),
      memory: canonicalMemory(last(({ limits }) => limits?.memory)),
    },
  };
  const errors = (['cpu', 'memory'] as const).flatMap((what) =>
    quantityOf(value.requests[what]) > quantityOf(value.limits[what])
      ? [
          {
            pointer: `/source/image/resources/limits/${what}`,
            message: `${what} limit ${value.limits[what]} is below the request ${value.requests[what]}`,
          },
        ]
      : [],
  );
  return { value, errors };
}

/**
 * Returns conflicts between fields of the profile and of the application. Each of the two was validated when it was
 * read.
 */
function conflictsOf(image: ImageSource, defaults: ImageFields): InputError[] {
  const together = conflictsIn({
    port: image.port ?? defaults.port ?? PLATFORM_PORT,
    ports: image.ports ?? defaults.ports,
    volumes: image.volumes ?? defaults.volumes,
    configFiles: mergeFiles(defaults.configFiles ?? [], image.configFiles ?? []),
  });
  return together.map(({ path: [member = '', index = 0, key = ''], message }) =>
    member in image && member !== 'configFiles'
      ? { pointer: `/source/image/${member}/${index}/${key}`, message }
      : { pointer: '/source/image', message: `together with its profile has ${member} of which one ${message}` },
  );
}

/** Merges variables by name, those of the profile first. The application takes precedence. */
function mergeVariables(
  defaults: NonNullable<ImageFields['env']>,
  own: NonNullable<ImageFields['env']>,
): WorkloadVariable[] {
  const merged = new Map<string, WorkloadVariable>();
  for (const variable of [...defaults, ...own])
    merged.set(
      variable.name,
      'secret' in variable ? { name: variable.name, secret: { key: variable.secret } } : variable,
    );
  return [...merged.values()];
}

function mergeFiles(
  defaults: NonNullable<ImageFields['configFiles']>,
  own: NonNullable<ImageFields['configFiles']>,
): NonNullable<ImageFields['configFiles']> {
  const merged = new Map([...defaults, ...own].map((file) => [file.path, file]));
  return [...merged.values()];
}
