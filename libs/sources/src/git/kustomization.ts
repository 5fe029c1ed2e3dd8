import { posix } from 'node:path';
import { err, ok, type DomainError, type Result } from '#kernel';
import { parseManifests } from '#kubernetes/yaml';
import { sourceErrors } from '../source-errors.ts';
import { resolvePath } from './repository-path.ts';

/** A kustomization whose every reference was checked. */
export interface CheckedKustomization {
  /** The same kustomization, with every path written so that kustomize cannot take it for a URL. */
  readonly text: string;
  /** Paths in the repository of files that it reads. */
  readonly files: readonly string[];
  /** Paths in the repository of files or folders with other kustomizations. */
  readonly resources: readonly string[];
  /** Paths in the repository of configurations of built-in transformers. */
  readonly transformers: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;
type Rewrite = (value: unknown, field: string) => unknown;

/** Names of a kustomization, exactly as kustomize looks for them. */
export const KUSTOMIZATION_NAMES = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];

const MAX_BYTES = 1024 * 1024;

/** Fields that refer to no file. */
const DATA = [
  'apiVersion',
  'kind',
  'metadata',
  'namespace',
  'namePrefix',
  'nameSuffix',
  'commonLabels',
  'commonAnnotations',
  'labels',
  'images',
  'replicas',
  'vars',
  'buildMetadata',
  'sortOptions',
  'generatorOptions',
];

/**
 * Built-in transformers that read no files. Others, and generators and validators, are plugins or may read files and
 * URLs that a kustomization has fields for.
 */
const TRANSFORMERS: ReadonlySet<unknown> = new Set([
  'AnnotationsTransformer',
  'ImageTagTransformer',
  'LabelTransformer',
  'NamespaceTransformer',
  'PrefixSuffixTransformer',
  'PrefixTransformer',
  'ReplicaCountTransformer',
  'SuffixTransformer',
]);

/**
 * Checks that a kustomization refers only to files of its repository. kustomize fetches every other reference, from
 * `http://…` to `github.com/…`, and has no option against it. Fields are allowed by name, so that a field of a newer
 * kustomize is refused until this list contains it.
 *
 * @param folder path of the kustomization in the repository
 */
export function checkKustomization(text: string, folder: string): Result<CheckedKustomization, DomainError> {
  const refuse = (detail: string) =>
    sourceErrors.renderRefused(`The kustomization in ${folder === '' ? 'the root' : folder} ${detail}.`);
  const fields = parseFields(text);
  if (typeof fields === 'string') return err(refuse(`cannot be read: ${fields}`));
  const references = new References(folder);
  const rewrites = fieldRewrites(references);
  const rewritten: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    const rewrite = Object.hasOwn(rewrites, name) ? rewrites[name] : undefined;
    if (rewrite) rewritten[name] = rewrite(value, name);
    else references.refuse(`uses ${name}, which is not supported`);
  }
  const [refusal] = references.refusals;
  if (refusal !== undefined) return err(refuse(refusal));
  return ok({
    text: JSON.stringify(rewritten),
    files: [...references.files],
    resources: [...references.resources],
    transformers: [...references.transformers],
  });
}

/** Collects the references of a kustomization, and writes each of them again. */
class References {
  readonly files = new Set<string>();
  readonly resources = new Set<string>();
  readonly transformers = new Set<string>();
  readonly refusals: string[] = [];

  constructor(private readonly folder: string) {}

  refuse(why: string): void {
    this.refusals.push(why);
  }

  /** A file in the folder of the kustomization, or in a folder below it: kustomize reads no others. */
  readonly file: Rewrite = (value, field) => {
    const path = this.path(value, field);
    if (path !== undefined && this.folder !== '' && !path.startsWith(`${this.folder}/`))
      this.refuse(`has an entry of ${field} that is not in its folder: ${path}`);
    return this.add(this.files, path);
  };

  /** A file or folder anywhere in the repository. */
  readonly resource: Rewrite = (value, field) => this.add(this.resources, this.path(value, field));

  /** `path`, or `name=path`. */
  readonly namedFile: Rewrite = (value, field) => {
    if (typeof value !== 'string') return this.file(value, field);
    const at = value.indexOf('=');
    const name = at < 0 ? value : value.slice(at + 1);
    return `${at < 0 ? posix.basename(name) : value.slice(0, at)}=${String(this.file(name, field))}`;
  };

  readonly fileOrInline: Rewrite = (value, field) => (isInline(value) ? value : this.file(value, field));

  readonly transformer: Rewrite = (value, field) => {
    if (!isInline(value)) return this.add(this.transformers, this.path(value, field));
    const checked = checkTransformers(value);
    if (checked.ok) return checked.value;
    this.refuse(`has a transformer that ${checked.error}`);
    return value;
  };

  readonly each =
    (rewrite: Rewrite): Rewrite =>
    (value, field) => {
      if (Array.isArray(value)) return value.map((entry) => rewrite(entry, field));
      if (value !== null) this.refuse(`has ${field} that is not a list`);
      return value;
    };

  readonly members =
    (rewrites: Readonly<Record<string, Rewrite>>): Rewrite =>
    (value, field) => {
      if (isFields(value))
        return Object.fromEntries(
          Object.entries(value).map(([name, member]) => {
            const rewrite = Object.hasOwn(rewrites, name) ? rewrites[name] : undefined;
            return [name, rewrite ? rewrite(member, `${field}.${name}`) : member];
          }),
        );
      this.refuse(`has an entry of ${field} that is not an object`);
      return value;
    };

  private path(value: unknown, field: string): string | undefined {
    const path =
      typeof value === 'string' && value !== '' && !value.includes('://') ? resolvePath(this.folder, value) : undefined;
    if (path === undefined) this.refuse(`has an entry of ${field} that is not a path in the repository`);
    return path;
  }

  /** Returns the path relative to the folder. It begins with `.`, as no URL does that kustomize takes for one. */
  private add(to: Set<string>, path: string | undefined): string {
    if (path === undefined) return '';
    to.add(path);
    const relative = posix.relative(`/${this.folder}`, `/${path}`);
    return relative.startsWith('..') ? relative : `./${relative}`;
  }
}

/** Returns how each known field of a kustomization is written again. */
function fieldRewrites(references: References): Readonly<Record<string, Rewrite>> {
  const { each, members, file, namedFile, fileOrInline, resource, transformer } = references;
  const generator = each(members({ files: each(namedFile), envs: each(file), env: file }));
  return {
    ...Object.fromEntries(DATA.map((name) => [name, (value: unknown) => value])),
    resources: each(resource),
    bases: each(resource),
    components: each(resource),
    crds: each(file),
    configurations: each(file),
    openapi: members({ path: file }),
    patches: each(members({ path: file })),
    patchesJson6902: each(members({ path: file })),
    patchesStrategicMerge: each(fileOrInline),
    replacements: each(members({ path: file })),
    configMapGenerator: generator,
    secretGenerator: generator,
    transformers: each(transformer),
  };
}

/**
 * Checks configurations of transformers.
 * @returns the configurations written again, or why one is refused: `is not supported`
 */
export function checkTransformers(text: string): Result<string, string> {
  const parsed = parseManifests(text, { maxBytes: MAX_BYTES });
  if (!parsed.ok) return err(`cannot be read: ${parsed.error[0]?.message}`);
  const written: string[] = [];
  for (const { value } of parsed.value.documents) {
    if (!isFields(value) || value['apiVersion'] !== 'builtin' || !TRANSFORMERS.has(value['kind']))
      return err(`is not one of the built-in transformers ${[...TRANSFORMERS].join(', ')}`);
    const { annotations }: Fields = isFields(value['metadata']) ? value['metadata'] : {};
    if (isFields(annotations) && Object.keys(annotations).some((name) => name.startsWith('config.k')))
      return err('is a function, which is never run');
    written.push(JSON.stringify(value));
  }
  return written.length === 0 ? err('is empty') : ok(`${written.join('\n---\n')}\n`);
}

/** Parses the one document of a kustomization. @returns its fields, or why it cannot be read */
function parseFields(text: string): Fields | string {
  const parsed = parseManifests(text, { maxBytes: MAX_BYTES });
  if (!parsed.ok) return `${parsed.error[0]?.message} (line ${parsed.error[0]?.line})`;
  const [document, second] = parsed.value.documents;
  if (second) return 'it has more than one document';
  return isFields(document?.value) ? document.value : 'it is not an object';
}

const isInline = (value: unknown): value is string => typeof value === 'string' && value.includes('\n');

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
