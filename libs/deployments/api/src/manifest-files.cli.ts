import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { BODY_BYTES, expectsText, inputErrorsOf } from '#bus/contract';
import { isCommandError, localError, readBytes, usage, type CommandError, type Io } from '#cli';
import {
  applicationSpecSchema,
  openEnvelope,
  profileSpecSchema,
  readApplication,
  readProfile,
  readRegistration,
  registrationSpecSchema,
  spellingWarnings,
  type ApplicationSpec,
  type ManifestKind,
  type ProfileSpec,
  type RegistrationSpec,
} from '#deployments/contract';
import { err, type InputError, type Result } from '#kernel';
import { parseManifests, pathOf, placeAt, withTexts, type ManifestDocument } from '#kubernetes/yaml';
import type { z } from 'zod';
import { codeOf } from './error-code.ts';

/** Name of `-` in messages. */
const STANDARD_INPUT = 'standard input';

interface Source {
  readonly file: string;
  readonly document: ManifestDocument;
}

/** A document that was read and validated locally. */
export type Manifest = Source &
  (
    | { readonly kind: 'Application'; readonly spec: ApplicationSpec }
    | { readonly kind: 'ApplicationProfile'; readonly spec: ProfileSpec }
    | { readonly kind: 'K8sClusterRegistration'; readonly spec: RegistrationSpec }
  );

/** Result of reading manifests. */
export interface ReadManifests {
  readonly manifests: readonly Manifest[];
  readonly warnings: readonly string[];
}

const LIMIT_BYTES = 4 * 1024 * 1024;
const READERS = {
  Application: { read: readApplication, schema: applicationSpecSchema },
  ApplicationProfile: { read: readProfile, schema: profileSpecSchema },
  K8sClusterRegistration: { read: readRegistration, schema: registrationSpecSchema },
} as const;
type ReadableKind = keyof typeof READERS;

/**
 * Reads all documents of files, folders (`*.yaml`, `*.yml`, `*.json`) or standard input (`-`).
 * @param flat kind of a document without `apiVersion` and `kind`
 * @param accepted kinds that the command reads; the error for another known kind names its command
 */
export async function readManifestFiles(
  paths: readonly string[],
  recursive: boolean,
  flat: ReadableKind,
  accepted: readonly ReadableKind[],
  io: Io,
): Promise<ReadManifests | CommandError> {
  if (paths.length === 0) return usage('Missing -f: specify a file, a folder, or -.', 'add -f FILE, -f DIR, or -f -');
  const manifests: Manifest[] = [];
  const errors: ManifestLine[] = [];
  const warnings: string[] = [];
  let firstFile: string | undefined;
  for (const path of paths) {
    const files = filesAt(path, recursive, io);
    if (isCommandError(files)) return files;
    for (const { name, absolute } of files) {
      const text = await textOf(absolute, name, io);
      if (typeof text !== 'string') return text;
      const parsed = parseManifests(text, { maxBytes: LIMIT_BYTES, dropEmptyKeys: true });
      if (!parsed.ok) {
        firstFile ??= name;
        errors.push(
          ...parsed.error.map(({ line, column, path: at, message }) => ({
            text: `${name}:${line}:${column}: ${at.length > 0 ? `${at.join('.')}: ` : ''}${message}.`,
            isMisspelled: false,
          })),
        );
        continue;
      }
      for (const document of parsed.value.documents) {
        const read = readDocument(document, name, flat, accepted);
        const twice = read.ok && manifests.find((other) => nameOf(other) === nameOf(read.value));
        if (read.ok && !twice) {
          manifests.push(read.value);
          const older = spellingWarnings(read.value.kind, document.value);
          warnings.push(...older.map((warning) => `${name}:${document.line}: ${warning}.`));
        } else {
          firstFile ??= name;
          errors.push(...(read.ok && twice ? [givenTwice(read.value, twice)] : read.ok ? [] : read.error));
        }
      }
    }
  }
  if (errors.length > 0) {
    const fix = errors.some(({ isMisspelled }) => isMisspelled) ? 'rename it, then check' : 'correct it, then check';
    return localError(
      1,
      `${errors.map(({ text }) => text).join('\n       ')} Nothing was sent.`,
      `${fix} without applying: astroctl app validate -f ${firstFile === STANDARD_INPUT ? '-' : (firstFile ?? paths.join(' -f '))}`,
      'deployments/manifest-invalid',
    );
  }
  if (manifests.length === 0)
    return localError(
      1,
      `${paths.join(', ')} contains no manifest.`,
      'specify a manifest file, or a folder with *.yaml, *.yml, or *.json files',
    );
  return { manifests, warnings };
}

const nameOf = ({ kind, spec }: Manifest): string =>
  `${kind} ${'name' in spec ? spec.name : 'profileName' in spec ? spec.profileName : spec.clusterName}`;

const givenTwice = (manifest: Manifest, first: Manifest): ManifestLine => ({
  text: `${manifest.file}:${manifest.document.line}: ${nameOf(manifest)} is defined twice; first in ${first.file}:${first.document.line}.`,
  isMisspelled: false,
});

/**
 * Adds the location in the file to each field that an error of the server names. Returns an error without fields
 * unchanged.
 */
export function withPlaces(failure: CommandError, { kind, file, document }: Manifest): CommandError {
  const { errors = [] } = failure;
  if (errors.length === 0) return failure;
  const opened = openEnvelope(document.value);
  const pointer = opened.ok ? opened.value.pointer : ''; // only the spec is sent
  const lines = errors.map((error) => {
    const inSpec = pointer === '' || error.pointer.startsWith(`${pointer}/`) ? error.pointer : pointer + error.pointer;
    return lineOf({ ...error, pointer: inSpec }, kind, file, document).text;
  });
  return { ...failure, detail: lines.join('\n       ') };
}

/**
 * Reads a file with one document that is not a manifest, or standard input (`-`).
 * @param what its content, as in `health rules`
 */
export async function readDocumentFile<S extends z.ZodType>(
  path: string,
  schema: S,
  what: string,
  io: Io,
): Promise<z.infer<S> | CommandError> {
  const file = path === '-' ? STANDARD_INPUT : path;
  const text = await textOf(path === '-' ? path : resolve(io.cwd, path), file, io);
  if (typeof text !== 'string') return text;
  const refused = (lines: readonly string[]) =>
    localError(1, `${lines.join('\n       ')} Nothing was sent.`, 'correct the file', 'deployments/manifest-invalid');
  const parsed = parseManifests(text, { maxBytes: LIMIT_BYTES });
  if (!parsed.ok)
    return refused(parsed.error.map(({ line, column, message }) => `${file}:${line}:${column}: ${message}.`));
  const [document, ...others] = parsed.value.documents;
  if (!document || others.length > 0) return refused([`${file} must contain one document with ${what}.`]);
  const value = withTexts(document, (at) => expectsText(schema, at));
  const read = schema.safeParse(value);
  return read.success
    ? read.data
    : refused(inputErrorsOf(schema, read.error).map((error) => lineOf(error, what, file, document).text));
}

function filesAt(path: string, recursive: boolean, io: Io): { name: string; absolute: string }[] | CommandError {
  if (path === '-') return [{ name: STANDARD_INPUT, absolute: '-' }];
  const absolute = resolve(io.cwd, path);
  try {
    if (!statSync(absolute).isDirectory()) return [{ name: path, absolute }];
    const found = readdirSync(absolute, { recursive, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.(ya?ml|json)$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
      .toSorted();
    return found.map((file) => ({ name: join(path, relative(absolute, file)), absolute: file }));
  } catch (error) {
    return localError(1, `${path} cannot be read (${codeOf(error)}).`, 'check the path after -f');
  }
}

async function textOf(absolute: string, name: string, io: Io): Promise<string | CommandError> {
  const tooLarge = () =>
    localError(
      1,
      `${name} is larger than 4 MB. Nothing was sent.`,
      'split it into several files',
      'deployments/manifest-too-large',
    );
  try {
    if (absolute !== '-' && statSync(absolute).size > LIMIT_BYTES) return tooLarge();
    const bytes = absolute === '-' ? await readBytes(io.stdin, LIMIT_BYTES) : readFileSync(absolute);
    return utf8Of(bytes) ?? localError(1, `${name} is ${encodingOf(bytes)}. Nothing was sent.`, 'save it as UTF-8');
  } catch (error) {
    if (error instanceof RangeError) return tooLarge();
    return localError(1, `${name} cannot be read (${codeOf(error)}).`, 'check the path after -f');
  }
}

/** Returns the text without a byte order mark, or undefined when the bytes are not UTF-8. */
function utf8Of(bytes: Uint8Array): string | undefined {
  // UTF-16 without a byte order mark can be valid UTF-8 with a NUL next to each letter
  if (bytes[0] === 0 || bytes[1] === 0) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Guesses the encoding of bytes that are not UTF-8. */
const encodingOf = ([first = 1, second = 1]: Uint8Array): string =>
  [first, second].includes(0) || (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)
    ? 'encoded as UTF-16; manifests must be UTF-8'
    : 'not UTF-8 text';

function readDocument(
  document: ManifestDocument,
  file: string,
  flat: ReadableKind,
  accepted: readonly ReadableKind[],
): Result<Manifest, ManifestLine[]> {
  const opened = openEnvelope(document.value);
  const named: ManifestKind = opened.ok ? (opened.value.kind ?? flat) : flat;
  const kind = isReadable(named) && accepted.includes(named) ? named : flat;
  const { read, schema } = READERS[kind];
  const pointer = opened.ok ? opened.value.pointer : '';
  const value = withTexts(
    document,
    (path) =>
      expectsText(schema, pointer === '' ? path : path[0] === 'spec' ? path.slice(1) : ['']) || path[0] === 'metadata',
  );
  if (Buffer.byteLength(JSON.stringify(value)) > BODY_BYTES) {
    const text = `${file}:${document.line}: ${kind} is larger than ${BODY_BYTES / 1024} KiB as JSON.`;
    return err([{ text, isMisspelled: false }]);
  }
  const outcome: Result<unknown, InputError[]> = read(value);
  // validated by the reader of this kind
  if (outcome.ok) return { ok: true, value: { kind, spec: outcome.value, file, document } as Manifest };
  return err(outcome.error.map((error) => lineOf(error, kind, file, document)));
}

/** Error of a manifest as a complete sentence: `file:line:column: …`. */
interface ManifestLine {
  readonly text: string;
  /** Whether the field is probably only misspelled. */
  readonly isMisspelled: boolean;
}

const isReadable = (kind: ManifestKind): kind is ReadableKind => kind in READERS;

function lineOf(error: InputError, kind: string, file: string, document: ManifestDocument): ManifestLine {
  const { pointer, message, unknownField } = error;
  const { line, column } = placeAt(document, error);
  const field = pathOf(pointer).join('.');
  const place = `${file}:${line}:${column}:`;
  if (!unknownField) return { text: `${place} ${field || kind} ${message}.`, isMisspelled: false };
  const { nearest } = unknownField;
  return {
    text: `${place} unknown field ${field}${nearest ? `; did you mean ${nearest}?` : '.'}`,
    isMisspelled: nearest !== undefined,
  };
}
