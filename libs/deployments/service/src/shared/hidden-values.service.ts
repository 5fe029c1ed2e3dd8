import { createHmac } from 'node:crypto';
import type { ApplicationSpec } from '#deployments/contract';
import { parseManifests } from '#kubernetes/yaml';

/** Returns the fingerprint of a value. */
export type Print = (value: unknown) => string;

/**
 * Returns a function from values to fingerprints. Equal values have equal fingerprints under the same key. Without the
 * key, a value cannot be found from its fingerprint.
 */
export const fingerprints =
  (key: string): Print =>
  (value) =>
    `fingerprint:${createHmac('sha256', key)
      .update(typeof value === 'string' ? value : JSON.stringify(value))
      .digest('hex')
      .slice(0, 12)}`;

/**
 * Returns a manifest for a caller who may not deploy it. Possible secrets are replaced by fingerprints, in fields that
 * cannot be applied.
 */
export function withHiddenValues(
  spec: ApplicationSpec,
  key: string,
): { readonly spec: unknown; readonly hidden: number } {
  const print = fingerprints(key);
  let hidden = 0;
  const counted: Print = (value) => {
    hidden++;
    return print(value);
  };
  const { image, yaml, helm, repository, ...source } = spec.source;
  const shown = {
    ...spec,
    source: {
      ...source,
      ...(image && {
        image: {
          ...image,
          ...(image.env && {
            env: image.env.map((variable) =>
              'value' in variable ? { name: variable.name, valueFingerprint: counted(variable.value) } : variable,
            ),
          }),
          ...(image.configFiles && {
            configFiles: image.configFiles.map((file) =>
              'secret' in file ? file : { path: file.path, contentFingerprint: counted(file.content) },
            ),
          }),
        },
      }),
      ...(yaml && {
        yaml: { ...yaml, ...(yaml.manifests !== undefined && { manifests: shownObjects(yaml.manifests, counted) }) },
      }),
      ...(helm && { helm: withHiddenChartValues(helm, counted) }),
      ...(repository && { repository: withHiddenChartValues(repository, counted) }),
    },
  };
  return { spec: shown, hidden };
}

const withHiddenChartValues = <S extends { readonly values?: unknown }>(source: S, counted: Print): S =>
  source.values === undefined
    ? source
    : { ...source, values: withoutSecretValues(source.values, counted, 'Fingerprint') };

/** Names of values in charts that are probably secret, such as `adminPassword` and `auth.token`. */
const SECRET_NAME =
  /pass(word|wd|phrase)?|secret|token|credential|private|api-?key|access-?key|encryption-?key|^key$|auth$|dsn|connection-?string/i;

/**
 * Returns the values of a chart with fingerprints instead of texts and numbers whose name, or that of a value around
 * them, looks like that of a secret, and instead of variables of containers.
 *
 * @param suffix of the names of fields that contain fingerprints
 */
export function withoutSecretValues(value: unknown, print: Print, suffix = '', isSecret = false): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutSecretValues(item, print, suffix, isSecret));
  if (!isRecord(value)) return isSecret && value !== null && typeof value !== 'boolean' ? print(value) : value;
  const isVariable = typeof value['name'] === 'string' && 'value' in value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => {
      const isHidden = isSecret || SECRET_NAME.test(name) || (isVariable && name === 'value');
      const isLeaf = typeof member === 'string' || typeof member === 'number';
      return [isHidden && isLeaf ? `${name}${suffix}` : name, withoutSecretValues(member, print, suffix, isHidden)];
    }),
  );
}

/** Returns the objects as they were written if none contains a possible secret. */
function shownObjects(manifests: string, counted: Print): string {
  const parsed = parseManifests(manifests);
  if (!parsed.ok) return '';
  let hidden = 0;
  const objects = parsed.value.documents.map(({ value }) =>
    withoutSecrets(
      value,
      (secret) => {
        hidden++;
        return counted(secret);
      },
      'Fingerprint',
    ),
  );
  return hidden === 0 ? manifests : objects.map((object) => `${JSON.stringify(object, null, 2)}\n`).join('---\n');
}

/**
 * Returns a Kubernetes object with fingerprints instead of values of Secrets and environment variables, contents of
 * ConfigMaps, and command lines.
 * @param suffix of the names of fields that contain fingerprints
 */
export function withoutSecrets(value: unknown, print: Print, suffix = '', key = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutSecrets(item, print, suffix, key));
  if (!isRecord(value)) return value;
  const isHolder = value['kind'] === 'Secret' || value['kind'] === 'ConfigMap';
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => {
      if (isHolder && HOLDER_FIELDS.has(name)) return [`${name}${suffix}`, printed(member, print)];
      const isHidden = (key === 'env' && name === 'value') || (COMMAND_FIELDS.has(name) && Array.isArray(member));
      return isHidden ? [`${name}${suffix}`, print(member)] : [name, withoutSecrets(member, print, suffix, name)];
    }),
  );
}

/** Maximum size of the objects in one answer, as JSON. */
const OBJECTS_BYTES = 512 * 1024;

/**
 * Returns objects with fingerprints instead of possible secrets, as many as fit into one answer and at least one.
 * @param rendered JSON of all objects, written by a worker
 * @param from index of the first object
 * @param maximum size of all objects as JSON; not more than 512 KiB are returned unless one object is larger
 */
export function appliedObjects(
  rendered: string,
  from: number,
  maximum: number,
  key: string,
): { readonly objects: unknown[]; readonly next?: number } {
  const all = JSON.parse(rendered) as readonly unknown[];
  const print = fingerprints(key);
  const objects: unknown[] = [];
  const limit = Math.min(OBJECTS_BYTES, maximum);
  let bytes = 0;
  for (const [index, object] of all.entries()) {
    if (index < from) continue;
    const shown = withoutSecrets(object, print);
    bytes += Buffer.byteLength(JSON.stringify(shown));
    if (bytes > limit && objects.length > 0) return { objects, next: index };
    objects.push(shown);
  }
  return { objects };
}

const HOLDER_FIELDS = new Set(['data', 'stringData', 'binaryData']);
const COMMAND_FIELDS = new Set(['command', 'args']);

const printed = (value: unknown, print: Print): unknown =>
  isRecord(value)
    ? Object.fromEntries(Object.entries(value).map(([name, member]) => [name, print(member)]))
    : print(value);

/** Returns whether a value is an object that is not an array. */
export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
/** Returns the value if it is an object, otherwise an empty object. */
export const recordOf = (value: unknown): Readonly<Record<string, unknown>> => (isRecord(value) ? value : {});
