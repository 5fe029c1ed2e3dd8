import { spawnSync } from 'node:child_process';
import { isDeepStrictEqual } from 'node:util';
import { parse, parseAllDocuments } from 'yaml';

/** A Kubernetes object. */
export interface PlainObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
}

/** Field of an object that differs, as `app diff --live -o json` shows it. */
export interface Difference {
  readonly object: string;
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** Runs a program without the configuration of the machine. @returns its standard output */
export function runTool(program: string, args: readonly string[], home: string): string {
  const ran = spawnSync(program, args, { env: { HOME: home, PATH: '' }, encoding: 'utf8' });
  if (ran.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${ran.stderr}`);
  return ran.stdout;
}

/** Returns the objects in a text with any number of documents in YAML. */
export const objectsOf = (text: string): readonly PlainObject[] =>
  parseAllDocuments(text, { version: '1.1' }).flatMap((document) => (document.toJS() as PlainObject | null) ?? []);

export const isHook = ({ metadata }: PlainObject): boolean => metadata.annotations?.['helm.sh/hook'] !== undefined;

/** Names of objects, sorted. */
export const namesOf = (objects: readonly PlainObject[]): readonly string[] =>
  objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`).toSorted();

/** Environment with which `kubectl diff` prints complete objects, so that {@link differencesOf} can compare fields. */
export const COMPLETE_DIFF = { KUBECTL_EXTERNAL_DIFF: 'diff -u -N -U 100000' };
/**
 * Fields that the API server and controllers write. They may change between the two requests that `kubectl diff` makes.
 */
const BOOKKEEPING =
  /^(status(\.|$)|metadata\.(generation|resourceVersion|managedFields|uid|creationTimestamp|annotations\.deployment\.kubernetes\.io\/revision))/;
const OURS = /metadata\.(?:labels|annotations)\.(?:platform\.astropulse\.io\/|app\.kubernetes\.io\/managed-by$)/;

/**
 * Returns the fields that differ according to `kubectl diff --server-side` with {@link COMPLETE_DIFF}, apart from what
 * the platform adds: `before` is what the manifests say, `after` is live.
 */
export function differencesOf(output: string): readonly Difference[] {
  const files = output.split(/^diff .*\n/m).slice(1);
  return files
    .flatMap((file) => {
      const lines = file.split('\n').slice(3); // after the names of both files and the position
      const side = (sign: string) =>
        parse(
          lines.flatMap((line) => (line[0] === ' ' || line[0] === sign ? line.slice(1) : [])).join('\n'),
        ) as PlainObject | null;
      const [live, wanted] = [side('-'), side('+')];
      const { kind, metadata } = wanted ?? live ?? { kind: '', metadata: { name: '' } };
      const object = `${kind}/${metadata.name}`;
      return fieldsOf(wanted, live, '').map((field) => ({ object, ...field }));
    })
    .filter(({ path }) => !BOOKKEEPING.test(path) && !OURS.test(path))
    .toSorted((a, b) => (`${a.object} ${a.path}` < `${b.object} ${b.path}` ? -1 : 1));
}

const isNested = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

function fieldsOf(before: unknown, after: unknown, path: string): readonly Omit<Difference, 'object'>[] {
  if (isDeepStrictEqual(before, after)) return [];
  const [left, right] = [before ?? {}, after ?? {}];
  if (!isNested(left) || !isNested(right)) return [{ path, before, after }];
  const at = (key: string) => (Array.isArray(before) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`);
  return [...new Set([...Object.keys(left), ...Object.keys(right)])].flatMap((key) =>
    fieldsOf(left[key], right[key], at(key)),
  );
}
