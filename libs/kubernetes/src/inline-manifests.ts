import { err, ok, type Result } from '#kernel';
import { parseManifests, type Place } from '#kubernetes/yaml';
import type { ManifestError } from './manifest-error.ts';
import { at, isKubernetesObject, isRecord, keyOf, keyText, nameOf, type KubernetesObject } from './objects.ts';

export interface InlineManifests {
  readonly objects: readonly KubernetesObject[];
  /** One sentence each, with line and column. */
  readonly warnings: readonly string[];
  /** Returns the position of the member at a path of the n-th object. */
  position(index: number, path: readonly (string | number)[]): Place;
}

const MAX_OBJECTS = 2_000;
/** Parser limits for all manifests of an application together. */
const LIMITS = { maxTokens: 500_000, maxNodes: 100_000 };

type Position = (path: readonly (string | number)[]) => Place;

/** Collects the objects of texts in order, and what is wrong with them. */
class Reading {
  readonly objects: KubernetesObject[] = [];
  readonly places: { readonly position: Position; readonly below: readonly (string | number)[] }[] = [];
  readonly findings: ManifestError[] = [];
  private readonly seen = new Map<string, { readonly place: Place; readonly file: string | undefined }>();

  /** @param file prefix of each finding; undefined if there is only one text */
  take(value: unknown, position: Position, file: string | undefined, below: readonly (string | number)[] = []): void {
    if (this.findings.length >= 50) return;
    const refuse = (rule: string, detail: string) => this.findings.push(invalid(rule, position(below), detail, file));
    if (
      isRecord(value) &&
      typeof value['kind'] === 'string' &&
      value['kind'].endsWith('List') &&
      Array.isArray(value['items'])
    ) {
      if (below.length > 16) refuse('nesting', 'lists are nested too deeply.');
      else
        value['items'].forEach((item: unknown, index) => this.take(item, position, file, [...below, 'items', index]));
      return;
    }
    if (!isRecord(value)) refuse('not-an-object', 'a manifest must be a map with apiVersion, kind, and metadata.');
    else if (typeof at(value, 'metadata', 'generateName') === 'string' && at(value, 'metadata', 'name') === undefined) {
      this.findings.push({
        code: 'deployments/field-not-allowed',
        rule: 'generateName',
        ...placed(
          position(below),
          'generateName would create a new object with every deployment; set metadata.name.',
          file,
        ),
      });
    } else if (!isKubernetesObject(value)) {
      const missing = ['apiVersion', 'kind'].find((member) => typeof value[member] !== 'string') ?? 'metadata.name';
      refuse('required', `${missing} is missing or not a string.`);
    } else if (this.objects.length >= MAX_OBJECTS) refuse('too-many', `there are more than ${MAX_OBJECTS} objects.`);
    else this.add(value, position, file, below);
  }

  private add(
    object: KubernetesObject,
    position: Position,
    file: string | undefined,
    below: readonly (string | number)[],
  ): void {
    const key = keyOf(object);
    const first = this.seen.get(keyText(key));
    if (first)
      this.findings.push({
        code: 'deployments/duplicate-object',
        object: key,
        rule: 'duplicate',
        ...placed(
          position(below),
          `${nameOf(key)} is defined twice; first in ${first.file === undefined ? '' : `${first.file} `}line ${first.place.line}.`,
          file,
        ),
      });
    this.seen.set(keyText(key), { place: position(below), file });
    this.objects.push(object);
    this.places.push({ position, below });
  }
}

const NO_OBJECTS: ManifestError = {
  code: 'deployments/no-objects',
  rule: 'empty',
  detail: 'The manifests contain no Kubernetes objects, which would delete everything.',
};

/**
 * Reads Kubernetes objects from the documents of a text. Expands lists (`kind: List`, or `…List` with `items`),
 * including nested ones. Refuses an object that is defined twice, as the later one would silently replace the other.
 */
export function readInlineManifests(source: string): Result<InlineManifests, readonly ManifestError[]> {
  const parsed = parseManifests(source, LIMITS);
  if (!parsed.ok)
    return err(parsed.error.map(({ line, column, message }) => invalid('yaml', { line, column }, `${message}.`)));
  const reading = new Reading();
  for (const document of parsed.value.documents)
    reading.take(document.value, (path) => document.position(path), undefined);
  const { objects, places, findings } = reading;
  if (findings.length > 0) return err(findings);
  if (objects.length === 0) return err([NO_OBJECTS]);
  return ok({
    objects,
    warnings: parsed.value.warnings.map(({ line, column, message }) => `line ${line}:${column}: ${message}`),
    position: (index, path) => places[index]?.position([...places[index].below, ...path]) ?? { line: 1, column: 1 },
  });
}

/** A file of a source, or the output of a program that rendered one. */
export interface ManifestFile {
  /** Such as `deploy/web.yaml`; shown in errors. */
  readonly name: string;
  readonly text: string;
}

/** Parser limits per file. The size of all files is limited where they are fetched. */
const FILE_LIMITS = { maxBytes: 10 * 1024 * 1024, maxTokens: 2_000_000, maxNodes: 500_000 };

/**
 * Reads Kubernetes objects from files, as {@link readInlineManifests} does from one text. Errors and warnings begin with
 * the name of the file, and the number of the document if there are several: `web.yaml document 2 line 7:3: …`.
 */
export function readManifestFiles(
  files: readonly ManifestFile[],
): Result<Pick<InlineManifests, 'objects' | 'warnings'>, readonly ManifestError[]> {
  const reading = new Reading();
  const warnings: string[] = [];
  for (const { name, text } of files) {
    const parsed = parseManifests(text, FILE_LIMITS);
    if (!parsed.ok) {
      reading.findings.push(
        ...parsed.error.map(({ line, column, message }) => invalid('yaml', { line, column }, `${message}.`, name)),
      );
      continue;
    }
    const { documents } = parsed.value;
    documents.forEach((document, index) =>
      reading.take(
        document.value,
        (path) => document.position(path),
        documents.length > 1 ? `${name} document ${index + 1}` : name,
      ),
    );
    warnings.push(
      ...parsed.value.warnings.map(({ line, column, message }) => `${name} line ${line}:${column}: ${message}`),
    );
  }
  const { objects, findings } = reading;
  if (findings.length > 0) return err(findings);
  return objects.length === 0 ? err([NO_OBJECTS]) : ok({ objects, warnings });
}

const placed = (place: Place, detail: string, file?: string) => ({
  place: { line: place.line, column: place.column },
  detail: `${file === undefined ? '' : `${file} `}line ${place.line}:${place.column}: ${detail}`,
});

const invalid = (rule: string, place: Place, detail: string, file?: string): ManifestError => ({
  code: 'deployments/invalid-manifest',
  rule,
  ...placed(place, detail, file),
});
