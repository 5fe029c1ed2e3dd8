import { pinText, plainPath, type ApplicationSpec, type PinnedSource } from '#deployments/contract';
import { canonicalJson } from '#kernel';
import type { ChartValues, GitSource, HelmSource, SourcePin } from '#sources';

type Spec = Pick<ApplicationSpec, 'name' | 'source'>;
type Values = NonNullable<NonNullable<ApplicationSpec['source']['repository']>['values']>;
type GitRepo = NonNullable<NonNullable<ApplicationSpec['source']['yaml']>['repo']>;

/** Returns the source outside of the platform that a manifest names. Undefined for an image and inline manifests. */
export function remoteSourceOf({ name, source }: Spec): GitSource | HelmSource | undefined {
  const { helm, repository, yaml } = source;
  if (helm) {
    const { repoURL, chartName, chartVersion } = helm.repo;
    return {
      type: 'helm',
      repository: repoURL,
      chart: chartName,
      ...(chartVersion !== undefined && { version: chartVersion }),
      ...valuesOf(helm.values),
      releaseName: helm.releaseName ?? name,
    };
  }
  if (repository)
    return {
      ...gitSource(repository.repo, repository.repo.releaseName ?? name),
      accepts: 'any',
      ...valuesOf(repository.values),
    };
  if (yaml?.repo)
    return {
      ...gitSource(yaml.repo, name),
      accepts: 'manifests',
      ...(yaml.exclude !== undefined && { exclude: yaml.exclude }),
    };
  return undefined;
}

const gitSource = ({ repoURL, path = '', targetRevision }: GitRepo, releaseName: string) => ({
  type: 'git' as const,
  url: repoURL,
  path: plainPath(path),
  ...(targetRevision !== undefined && { revision: targetRevision }),
  releaseName,
});

function valuesOf(values: Values | undefined): { readonly values?: ChartValues } {
  if (values?.object) return { values: { type: 'object', object: values.object } };
  if (values?.files) return { values: { type: 'files', files: values.files } };
  return {};
}

/** Returns a source with its pin, as a revision contains it. */
export function pinnedSource({ source, labels = {} }: ApplicationSpec, from: GitSource | HelmSource, pin: SourcePin) {
  if (from.type === 'helm' && pin.type === 'helm') return { type: 'helm', block: 'helm', from, pin, labels } as const;
  if (from.type === 'git' && pin.type === 'git')
    return { type: 'git', block: source.yaml ? 'yaml' : 'repository', from, pin, labels } as const;
  throw new Error(`a ${from.type} source has a pin of type ${pin.type}`);
}

/** Returns a source with another pin. */
export function repinned(source: PinnedSource, pin: SourcePin): PinnedSource {
  if (source.type === 'helm' && pin.type === 'helm') return { ...source, pin };
  if (source.type === 'git' && pin.type === 'git') return { ...source, pin };
  throw new Error(`a ${source.type} source has a pin of type ${pin.type}`);
}

/** Returns a text that is equal for sources that share a look-up: those of the same repository and revision or chart. */
export const lookupKey = (organizationId: string, { from }: PinnedSource): string =>
  canonicalJson(
    from.type === 'git'
      ? [organizationId, from.url, from.revision ?? null]
      : [organizationId, from.repository, from.chart, from.version ?? null],
  );

/** Returns whether two pins mean the same content. */
export const isSamePin = (one: SourcePin, other: SourcePin): boolean =>
  one.type === 'git'
    ? other.type === 'git' && one.commit === other.commit
    : other.type === 'helm' && one.version === other.version && one.digest === other.digest;

/** Returns the lines of a summary about a source. They contain no values. */
export function sourceLines(source: PinnedSource): string[] {
  const { name, is } = pinText(source);
  const { from } = source;
  const values = from.values
    ? [
        from.values.type === 'files'
          ? `values ${from.values.files.join(' ')}`
          : `values ${Object.keys(from.values.object).length} keys`,
      ]
    : [];
  if (from.type === 'helm')
    return [
      `chart ${from.repository} ${from.chart}`,
      ...(from.version === undefined ? [] : [`chartVersion ${from.version}`]),
      `pin ${name} ${is}`,
      `releaseName ${from.releaseName}`,
      ...values,
    ];
  return [
    `repository ${from.url}`,
    `path ${from.path === '' ? '.' : from.path}`,
    ...(from.revision === undefined ? [] : [`targetRevision ${from.revision}`]),
    `pin ${name === '' ? is : `${name}@${is}`}`,
    ...(from.exclude === undefined ? [] : [`exclude ${from.exclude}`]),
    ...(source.block === 'repository' ? [`releaseName ${from.releaseName}`] : []),
    ...values,
  ];
}

/**
 * Returns what the name of a source meant before and means now: `main: 9f2c41… → 03be77…`. Undefined if it is the same,
 * or if the two sources are different ones.
 */
export function movedText(before: PinnedSource | undefined, after: PinnedSource | undefined): string | undefined {
  if (!before || !after || before.type !== after.type || placeOf(before) !== placeOf(after)) return undefined;
  const old = pinText(before);
  const now = pinText(after);
  if (old.name === now.name)
    return old.is === now.is || now.name === '' ? undefined : `${now.name}: ${short(old.is)} → ${short(now.is)}`;
  if (after.type === 'helm' && before.from.type === 'helm' && before.from.version === after.from.version)
    return `${after.from.chart}: ${versionOf(before)} → ${versionOf(after)}`;
  return undefined;
}

/**
 * Returns why a source is deployed again, for events. A tag, and a version of a chart, are meant to stay the same, so
 * the text says that somebody moved or replaced them.
 */
export function sourceChange(before: PinnedSource, after: PinnedSource): string {
  const old = pinText(before);
  const now = pinText(after);
  const ids = `${short(old.is)} → ${short(now.is)}`;
  if (after.pin.type === 'git' && before.pin.type === 'git' && after.pin.ref === before.pin.ref)
    return after.pin.ref?.startsWith('refs/tags/') ? `tag ${now.name} was moved: ${ids}` : `${now.name}: ${ids}`;
  if (after.type === 'helm' && old.name === now.name) return `chart ${now.name} was replaced: ${ids}`;
  return movedText(before, after) ?? `${old.name} ${short(old.is)} → ${now.name} ${short(now.is)}`;
}

/** Returns whether what a source means can change: a branch, a tag, or a range of versions, but no commit or version. */
export const canMove = ({ from, pin }: PinnedSource): boolean =>
  pin.type === 'git'
    ? pin.ref !== undefined || (from.type === 'git' && from.revision === undefined)
    : from.type === 'helm' && !(from.version !== undefined && EXACT_VERSION.test(from.version));

/** A complete version of a chart. It may have a `v` in front, as helm allows. */
const EXACT_VERSION = /^v?\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]+)?$/;

const short = (text: string): string => `${text.slice(0, text.startsWith('sha256:') ? 13 : 6)}…`;

const versionOf = ({ pin }: PinnedSource): string => (pin.type === 'helm' ? pin.version : '');

const placeOf = ({ from }: PinnedSource): string =>
  from.type === 'helm' ? `${from.repository} ${from.chart}` : `${from.url} ${from.revision ?? ''}`;

/** Returns the source with the name of what it was pinned to, so that it is found again if it still exists. */
export function exactSource({ from, pin }: PinnedSource): GitSource | HelmSource {
  if (from.type === 'git' && pin.type === 'git') return { ...from, revision: pin.commit };
  if (from.type === 'helm' && pin.type === 'helm') return { ...from, version: pin.version };
  return from;
}

/** Returns the source outside of the platform of a revision. */
export const pinnedIn = <S extends { readonly type: string }>(source: S | undefined): PinnedSource | undefined =>
  isPinned(source) ? source : undefined;

const isPinned = (source: unknown): source is PinnedSource =>
  typeof source === 'object' && source !== null && 'pin' in source;
