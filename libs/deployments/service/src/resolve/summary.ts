import type { ProfileSpec, ResolvedSpec } from '#deployments/contract';
import { canonicalJson } from '#kernel';
import type { ImageWorkload } from '#kubernetes';
import { secretText } from '../shared/secret-text.ts';
import type { Secrets } from './secrets.ts';
import { movedText, pinnedIn, sourceLines } from './remote-source.ts';

/** Maximum size of a redacted summary in an event, in bytes. */
const SUMMARY_BYTES = 32 * 1_024;

/**
 * Summarizes a revision in lines that may be shown and kept forever. They contain names and counts, but no values of
 * variables, contents of files or command lines.
 */
export function summaryOf(resolved: ResolvedSpec): string[] {
  const { source, targetNamespace, namespaceMode, tier, profile, dependsOn, syncPolicy = {} } = resolved;
  const lines = [
    `profile ${profile.name}`,
    `tier ${tier}`,
    `namespace ${targetNamespace}`,
    ...(namespaceMode === 'preserve' ? ['namespaceMode preserve'] : []),
    ...(dependsOn ? [`dependsOn ${dependsOn.join(', ')}`] : []),
    ...Object.entries(syncPolicy).map(([field, value]) => `syncPolicy.${field} ${String(value)}`),
  ];
  if (source.type === 'git' || source.type === 'helm')
    return fitting([...lines, ...sourceLines(source), ...labelLines(source.labels)]);
  if (source.type === 'yaml')
    return fitting([...lines, `manifests ${documentCount(source.manifests)} documents`, ...labelLines(source.labels)]);
  return fitting([...lines, ...workloadLines(source.workload), ...secretLines(source.secrets)]);
}

/**
 * Returns lines for items of which only the number is shown. Changed values are shown elsewhere, as `env LOG_LEVEL
 * (changed)`.
 */
function workloadLines(workload: ImageWorkload): string[] {
  const {
    image,
    port,
    ports,
    command,
    args,
    env,
    resources,
    replicas,
    autoscaling,
    health,
    volumes,
    configFiles,
    strategy,
    schedule,
    timeZone,
    concurrencyPolicy,
    preDeploy,
    imagePullSecret,
    runAsUser,
    host,
    ingressClassName,
    tlsSecretName,
    ingressAnnotations,
    spread,
  } = workload;
  return [
    `image ${image}`,
    `port ${port ?? 'none'}`,
    ...ports.map((extra) => `port ${extra.name} ${extra.port}/${extra.protocol ?? 'TCP'}`),
    ...(command ? [`command ${command.length} words`] : []),
    ...(args ? [`args ${args.length} words`] : []),
    ...env.map((variable) => `env ${variable.name}`),
    `cpu ${resources.requests.cpu}/${resources.limits.cpu ?? '-'}`,
    `memory ${resources.requests.memory}/${resources.limits.memory}`,
    ...(schedule === undefined
      ? [autoscaling ? `autoscaling ${autoscalingText(autoscaling)}` : `replicas ${replicas}`]
      : [`schedule ${schedule}`]),
    ...(timeZone === undefined ? [] : [`timeZone ${timeZone}`]),
    ...(concurrencyPolicy === undefined ? [] : [`concurrencyPolicy ${concurrencyPolicy}`]),
    ...(preDeploy ? [`preDeploy ${preDeployText(preDeploy)}`] : []),
    ...(health ? [`health ${health.path}`] : []),
    ...volumes.map(
      ({ name, size, mountPath, accessMode }) =>
        `volume ${name} ${size} at ${mountPath}${accessMode === undefined ? '' : ` ${accessMode}`}`,
    ),
    ...configFiles.map(({ path }) => `file ${path}`),
    ...(strategy ? [`strategy ${strategy}`] : []),
    ...(imagePullSecret === undefined ? [] : [`imagePullSecret ${imagePullSecret}`]),
    ...(runAsUser === undefined ? [] : [`runAsUser ${runAsUser}`]),
    ...(host === undefined ? [] : [`host ${host}`]),
    ...(ingressClassName === undefined ? [] : [`ingressClass ${ingressClassName}`]),
    ...(tlsSecretName === undefined ? [] : [`tlsSecret ${tlsSecretName}`]),
    ...Object.keys(ingressAnnotations ?? {}).map((key) => `ingressAnnotation ${key}`),
    ...(spread ? [`spread ${spread}`] : []),
    ...labelLines(workload.labels),
  ];
}

const preDeployText = ({ command = [], args = [], timeoutSeconds }: NonNullable<ImageWorkload['preDeploy']>): string =>
  `${command.length + args.length} words${timeoutSeconds === undefined ? '' : `, timeout ${timeoutSeconds} s`}`;

/** Versions and fingerprints, never values. */
const secretLines = (secrets: Secrets = {}): string[] =>
  Object.entries(secrets).map(([key, secret]) => `secret ${key} ${secretText(secret)}`);

const labelLines = (labels: Readonly<Record<string, string>>): string[] =>
  Object.entries(labels).map(([key, value]) => `label ${key}=${value}`);

const documentCount = (manifests: string): number =>
  manifests.split(/^---\s*$/m).filter((document) => document.trim() !== '').length;

/** Returns text such as `3-9 at 80%`. Both targets are named if they differ. */
export function autoscalingText({ min, max, cpu, memory }: NonNullable<ImageWorkload['autoscaling']>): string {
  const targets =
    cpu !== undefined && memory !== undefined && cpu !== memory
      ? `cpu ${cpu}%, memory ${memory}%`
      : `${cpu ?? memory ?? 80}%`;
  return `${min}-${max} at ${targets}`;
}

/** Returns text such as `cpu 1/4, memory 4Gi/8Gi`. */
export const limitsText = ({ resources: { requests, limits } }: ImageWorkload): string =>
  `cpu ${requests.cpu}/${limits.cpu ?? '-'}, memory ${requests.memory}/${limits.memory}`;

/** Returns the settings of a profile that are listed. */
export function profileSettings({
  clusterName,
  cloudProvider,
  resources,
  defaults,
  availabilityTier,
}: ProfileSpec): string[] {
  const { env, configFiles, ...plain } = defaults ?? {};
  return [
    ...(cloudProvider
      ? [`cloudProvider ${[cloudProvider.provider, cloudProvider.region].filter(Boolean).join(' ')}`]
      : []),
    ...(clusterName === undefined && !cloudProvider ? ['the only cluster'] : []),
    ...(availabilityTier === undefined ? [] : ['availabilityTier']),
    ...(resources ? ['resources'] : []),
    ...Object.keys(plain).map((name) => `defaults.${name}`),
    ...(env ?? []).map(({ name }) => `defaults.env ${name}`),
    ...(configFiles ?? []).map(({ path }) => `defaults.file ${path}`),
  ].slice(0, 200);
}

/**
 * Returns the changes from one revision to the next as text: `image 1.4.2 -> 1.5.0`, `env LOG_LEVEL added`. A hidden
 * value is only reported as `changed`.
 */
export function changesBetween(before: ResolvedSpec, after: ResolvedSpec): string[] {
  const moved = movedText(pinnedIn(before.source), pinnedIn(after.source));
  const lines = lineChanges(summaryOf(before), summaryOf(after)).filter(
    (change) => moved === undefined || !change.startsWith('pin '),
  );
  const changes = [...(moved === undefined ? [] : [moved]), ...lines, ...hiddenChanges(before, after)];
  return changes.slice(0, 50);
}

function lineChanges(before: readonly string[], after: readonly string[]): string[] {
  const old = byKey(before);
  const now = byKey(after);
  const changes: string[] = [];
  for (const [key, value] of now) {
    const was = old.get(key);
    if (was === undefined) changes.push(value === '' ? `${key} added` : `${key} ${value} added`);
    else if (was !== value) changes.push(key === 'image' ? imageChange(was, value) : `${key} ${was} -> ${value}`);
  }
  for (const [key] of old) if (!now.has(key)) changes.push(`${key} removed`);
  return changes;
}

/** Lines about an item of a list begin with its kind and name. */
const NAMED = new Set(['env', 'volume', 'file', 'label', 'ingressAnnotation', 'secret']);

function byKey(lines: readonly string[]): Map<string, string> {
  return new Map(
    lines.map((line) => {
      const [first = '', second = '', ...rest] = line.split(' ');
      if (first === 'label') return [`label ${second.split('=')[0] ?? ''}`, second.slice(second.indexOf('=') + 1)];
      if (NAMED.has(first) || (first === 'port' && rest.length > 0)) return [`${first} ${second}`, rest.join(' ')];
      return [first, [second, ...rest].join(' ')];
    }),
  );
}

/** Returns only what differs: the tags of the same image, otherwise the complete references. */
function imageChange(before: string, after: string): string {
  const split = (image: string): readonly [string, string] => {
    const at = image.includes('@') ? image.indexOf('@') : image.lastIndexOf(':');
    return [image.slice(0, at), image.slice(at + 1)];
  };
  const [oldName, oldTag] = split(before);
  const [newName, newTag] = split(after);
  return oldName === newName ? `image ${oldTag} -> ${newTag}` : `image ${before} -> ${after}`;
}

function hiddenChanges(before: ResolvedSpec, after: ResolvedSpec): string[] {
  if (before.source.type === 'yaml' && after.source.type === 'yaml')
    return before.source.manifests === after.source.manifests ? [] : ['manifests changed'];
  const [was, is] = [pinnedIn(before.source), pinnedIn(after.source)];
  if (was && is && was.type === is.type && was.block === is.block) {
    const values = [was, is].map(({ from }) => canonicalJson(from.values ?? null));
    const isListed = lineOf(before, 'values') !== lineOf(after, 'values');
    return values[0] === values[1] || isListed ? [] : ['values changed'];
  }
  if (before.source.type !== 'image' || after.source.type !== 'image') return ['source changed'];
  const old = before.source.workload;
  const now = after.source.workload;
  const text = canonicalJson; // members of a stored revision are in another order
  const named = <T>(kind: string, olds: readonly T[], news: readonly T[], nameOf: (item: T) => string): string[] =>
    news.flatMap((item) => {
      const was = olds.find((other) => nameOf(other) === nameOf(item));
      return was !== undefined && text(was) !== text(item) ? [`${kind} ${nameOf(item)} changed`] : [];
    });
  return [
    ...(['command', 'args'] as const)
      .filter(
        (field) =>
          old[field] && now[field] && old[field].length === now[field].length && text(old[field]) !== text(now[field]),
      )
      .map((field) => `${field} changed`),
    ...(old.preDeploy &&
    now.preDeploy &&
    preDeployText(old.preDeploy) === preDeployText(now.preDeploy) &&
    text(old.preDeploy) !== text(now.preDeploy)
      ? ['preDeploy changed']
      : []),
    ...named('env', old.env, now.env, ({ name }) => name),
    ...named(
      'ingressAnnotation',
      Object.entries(old.ingressAnnotations ?? {}),
      Object.entries(now.ingressAnnotations ?? {}),
      ([key]) => key,
    ),
    ...named('file', old.configFiles, now.configFiles, ({ path }) => path),
    ...(old.health && now.health && old.health.path === now.health.path && text(old.health) !== text(now.health)
      ? ['health changed']
      : []),
  ];
}

const lineOf = (resolved: ResolvedSpec, key: string): string | undefined =>
  summaryOf(resolved).find((line) => line.startsWith(`${key} `));

/** Shortens the lines to the limit, with a last line that counts the rest. */
function fitting(lines: readonly string[]): string[] {
  const kept: string[] = [];
  let bytes = 2;
  for (const line of lines) {
    const cut = line.slice(0, 400);
    bytes += cut.length * 3 + 3; // a UTF-16 unit takes at most three bytes
    if (bytes > SUMMARY_BYTES - 100) return [...kept, `and ${lines.length - kept.length} more settings`];
    kept.push(cut);
  }
  return kept;
}
