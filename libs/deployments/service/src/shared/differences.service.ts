import type { FieldChange, ResolvedSpec } from '#deployments/contract';
import { contentOf, type KubernetesObject } from '#kubernetes';
import { parseManifests } from '#kubernetes/yaml';
import {
  fingerprints,
  isRecord,
  recordOf,
  withoutSecrets,
  withoutSecretValues,
  type Print,
} from './hidden-values.service.ts';
import { secretText } from './secret-text.ts';

/** Maximum number of changes that are listed. */
export const MAX_CHANGES = 1_000;
/** Maximum characters of one value. */
const MAX_TEXT = 1_000;

/**
 * Returns the differences between two resolved revisions, field by field, caused by the manifest or by the profile.
 * Values of environment variables and Secrets, contents of files, and command lines are shown as fingerprints.
 * @param before undefined if there is no earlier revision, so that all fields are added
 * @param key of the fingerprints; the same for all revisions of an application, so that equal values have equal ones
 */
export function differencesOf(before: ResolvedSpec | undefined, after: ResolvedSpec, key: string): FieldChange[] {
  const print = fingerprints(key);
  return between(before ? fieldsOf(before, print) : new Map<string, Field>(), fieldsOf(after, print));
}

/** What two revisions were rendered to. */
export interface RenderedPair {
  /** JSON of the objects. */
  readonly before: string;
  readonly after: string;
  readonly targetNamespace: string;
  /** Of the fingerprints. */
  readonly key: string;
}

/** Returns the differences between the objects of two revisions, as they were applied, with fingerprints as above. */
export function renderedDifferencesOf({ before, after, targetNamespace, key }: RenderedPair): FieldChange[] {
  const print = fingerprints(key);
  const fields = (rendered: string): Fields => {
    const objects = JSON.parse(rendered) as readonly KubernetesObject[]; // written by a worker
    const found = newFields();
    for (const [object, value] of byName(objects.map(contentOf), targetNamespace))
      flatten(withoutSecrets(value, print), [], (path, text) => found.add(object, path, text));
    return found.fields;
  };
  return between(fields(before), fields(after));
}

type Fields = ReadonlyMap<string, Field>;

function between(old: Fields, now: Fields): FieldChange[] {
  const changes: FieldChange[] = [];
  for (const [at, field] of now) {
    const was = old.get(at);
    if (!was) changes.push({ ...placeOf(field), change: 'added', before: null, after: field.text });
    else if (was.text !== field.text || was.full !== field.full)
      changes.push({ ...placeOf(field), change: 'changed', before: was.text, after: field.text });
  }
  for (const [at, field] of old)
    if (!now.has(at)) changes.push({ ...placeOf(field), change: 'removed', before: field.text, after: null });
  return changes;
}

interface Field {
  /** Such as `Deployment/web`, if the source is Kubernetes objects; null for a field of the application. */
  readonly object: string | null;
  readonly path: string;
  readonly text: string;
  /** The complete value if `text` is shortened. */
  readonly full: string | undefined;
}

const placeOf = ({ object, path }: Field) => ({ object, path });

function newFields() {
  const fields = new Map<string, Field>();
  const add = (object: string | null, path: string, text: string) => {
    const isLong = text.length > MAX_TEXT;
    fields.set(`${object ?? ''} ${path}`, {
      object,
      path,
      text: isLong ? `${text.slice(0, MAX_TEXT)}…` : text,
      full: isLong ? text : undefined,
    });
  };
  return { fields, add };
}

function fieldsOf(resolved: ResolvedSpec, print: Print): Fields {
  const { fields, add } = newFields();
  const { profile, tier, targetNamespace, namespaceMode, source } = resolved;
  add(null, 'profileName', profile.name);
  add(null, 'tier', tier);
  add(null, 'namespace', targetNamespace);
  add(null, 'namespaceMode', namespaceMode);
  add(null, 'source.type', source.type);
  if (source.type === 'image') {
    const {
      name,
      targetNamespace: _,
      applicationId: _id,
      serviceName: _service,
      rendering: _as,
      env,
      configFiles,
      command,
      args,
      secrets: _values,
      ...plain
    } = source.workload;
    flatten(plain, [], (path, text) => add(null, path, text));
    for (const variable of env) {
      if ('value' in variable) add(null, `env.${variable.name}`, print(variable.value));
      else flatten([variable], ['env'], (path, text) => add(null, path, text));
    }
    for (const file of configFiles)
      add(null, `configFiles.${file.path}`, 'secret' in file ? `secret ${file.secret}` : print(file.content));
    for (const [field, words] of Object.entries({ command, args })) if (words) add(null, field, print(words));
    for (const [key, secret] of Object.entries(source.secrets ?? {})) add(null, `secrets.${key}`, secretText(secret));
  } else if (source.type === 'git' || source.type === 'helm') {
    const { values, ...from } = source.from;
    flatten(
      { ...from, type: undefined, pin: { ...source.pin, type: undefined }, labels: source.labels },
      [],
      (path, text) => add(null, path, text),
    );
    const shown = values?.type === 'object' ? withoutSecretValues(values.object, print) : values?.files;
    flatten(shown, ['values'], (path, text) => add(null, path, text));
  } else {
    flatten({ labels: source.labels }, [], (path, text) => add(null, path, text));
    for (const [object, document] of objectsOf(source.manifests))
      flatten(withoutSecrets(document, print), [], (path, text) => add(object, path, text));
  }
  return fields;
}

function objectsOf(manifests: string): ReadonlyMap<string, unknown> {
  const parsed = parseManifests(manifests);
  // A revision that cannot be parsed fails with a reason when it is rendered.
  return byName(parsed.ok ? parsed.value.documents.map(({ value }) => value) : []);
}

/** Returns objects by `Kind/name`, with the namespace if it is another one than the target namespace. */
function byName(values: readonly unknown[], targetNamespace?: string): ReadonlyMap<string, unknown> {
  const objects = new Map<string, unknown>();
  values.forEach((value, index) => {
    const { kind, metadata } = recordOf(value);
    const { name, namespace } = recordOf(metadata);
    const named = [kind, namespace === targetNamespace ? undefined : namespace, name]
      .filter((part) => typeof part === 'string')
      .join('/');
    objects.set(objects.has(named) || named === '' ? `${named}#${index + 1}` : named, value);
  });
  return objects;
}

/** Calls `add` for each value. Items of a list are identified by their name, if any, otherwise by their index. */
function flatten(value: unknown, path: readonly string[], add: (path: string, text: string) => void): void {
  if (Array.isArray(value)) {
    const names = value.map(nameOf);
    const areNamed = names.every((name) => name !== undefined) && new Set(names).size === names.length;
    value.forEach((item, index) => {
      if (!areNamed) return flatten(item, [...path, String(index)], add);
      const { name, ...rest } = recordOf(item);
      flatten(rest, [...path, String(name)], add);
    });
  } else if (isRecord(value)) for (const [name, member] of Object.entries(value)) flatten(member, [...path, name], add);
  else if (value !== undefined) add(path.join('.'), typeof value === 'string' ? value : JSON.stringify(value));
}

const nameOf = (item: unknown): string | undefined => {
  const { name } = recordOf(item);
  return typeof name === 'string' ? name : undefined;
};
