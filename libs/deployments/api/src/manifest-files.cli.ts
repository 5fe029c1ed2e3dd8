import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { BODY_BYTES, expectsText } from '#bus/contract';
import { isCommandError, localError, readAll, usage, type CommandError, type Io } from '#cli';
import {
  applicationSpecSchema,
  openEnvelope,
  profileSpecSchema,
  readApplication,
  readProfile,
  readRegistration,
  registrationSpecSchema,
  type ApplicationSpec,
  type ManifestKind,
  type ProfileSpec,
  type RegistrationSpec,
} from '#deployments/contract';
import type { InputError, Result } from '#kernel';
import { parseManifests, type ManifestDocument } from '#kubernetes/yaml';

/** A document that was read and checked on this machine. */
export type Manifest =
  | { readonly kind: 'Application'; readonly spec: ApplicationSpec; readonly file: string }
  | { readonly kind: 'ApplicationProfile'; readonly spec: ProfileSpec; readonly file: string }
  | { readonly kind: 'K8sClusterRegistration'; readonly spec: RegistrationSpec; readonly file: string };

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
 * @param flat the kind of a document without an envelope
 * @param accepted kinds that the command takes; another known kind is refused by naming its command
 */
export async function readManifestFiles(
  paths: readonly string[],
  recursive: boolean,
  flat: ReadableKind,
  accepted: readonly ReadableKind[],
  io: Io,
): Promise<ReadManifests | CommandError> {
  if (paths.length === 0) return usage('Nothing to read: -f is missing.', 'add -f FILE, -f DIR or -f -');
  const manifests: Manifest[] = [];
  const faults: string[] = [];
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
        faults.push(
          ...parsed.error.map(
            ({ line, column, path: at, message }) =>
              `${name}:${line}:${column}: ${at.length > 0 ? `${at.join('.')}: ` : ''}${message}.`,
          ),
        );
        continue;
      }
      for (const document of parsed.value.documents) {
        const read = readDocument(document, name, flat, accepted);
        if (read.ok) manifests.push(read.value);
        else {
          firstFile ??= name;
          faults.push(...read.error);
        }
      }
    }
  }
  if (faults.length > 0) {
    const fix = faults.some((fault) => fault.includes('nearest:')) ? 'rename it, then check' : 'correct it, then check';
    return localError(
      1,
      `${faults.join('\n       ')} Nothing was sent.`,
      `${fix} without applying: astroctl app validate -f ${firstFile ?? paths.join(' -f ')}`,
      'deployments/manifest-invalid',
    );
  }
  if (manifests.length === 0)
    return localError(
      1,
      `${paths.join(', ')} holds no manifest.`,
      'name a file with one, or a folder with *.yaml, *.yml or *.json files',
    );
  return { manifests, warnings };
}

function filesAt(path: string, recursive: boolean, io: Io): { name: string; absolute: string }[] | CommandError {
  if (path === '-') return [{ name: 'standard input', absolute: '-' }];
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
    if (absolute === '-') return await readAll(io.stdin, LIMIT_BYTES);
    if (statSync(absolute).size > LIMIT_BYTES) return tooLarge();
    return readFileSync(absolute, 'utf8');
  } catch (error) {
    if (error instanceof RangeError) return tooLarge();
    return localError(1, `${name} cannot be read (${codeOf(error)}).`, 'check the path after -f');
  }
}

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unknown error';

function readDocument(
  document: ManifestDocument,
  file: string,
  flat: ReadableKind,
  accepted: readonly ReadableKind[],
): Result<Manifest, string[]> {
  const opened = openEnvelope(document.value);
  const named: ManifestKind = opened.ok ? (opened.value.kind ?? flat) : flat;
  const kind = isReadable(named) && accepted.includes(named) ? named : flat;
  const { read, schema } = READERS[kind];
  const pointer = opened.ok ? opened.value.pointer : '';
  const value = withTexts(
    document.value,
    [],
    document,
    (path) =>
      expectsText(schema, pointer === '' ? path : path[0] === 'spec' ? path.slice(1) : ['']) || path[0] === 'metadata',
  );
  const outcome: Result<unknown, InputError[]> = read(value);
  if (outcome.ok && Buffer.byteLength(JSON.stringify(outcome.value)) > BODY_BYTES)
    return { ok: false, error: [`${file}:${document.line}: ${kind} is larger than ${BODY_BYTES / 1024} KiB as JSON.`] };
  if (outcome.ok) return { ok: true, value: { kind, spec: outcome.value, file } as Manifest }; // the reader of this kind has parsed it
  return { ok: false, error: outcome.error.map((fault) => faultLine(fault, kind, file, document)) };
}

const isReadable = (kind: ManifestKind): kind is ReadableKind => kind in READERS;

/** The document with plain scalars as they were written wherever the schema wants text: `tag: 1.10` stays `1.10`. */
function withTexts(
  value: unknown,
  path: readonly (string | number)[],
  document: ManifestDocument,
  wantsText: (path: string[]) => boolean,
): unknown {
  if (Array.isArray(value)) return value.map((item, index) => withTexts(item, [...path, index], document, wantsText));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => [key, withTexts(member, [...path, key], document, wantsText)]),
    );
  if ((typeof value === 'number' || typeof value === 'boolean') && wantsText(path.map(String)))
    return document.source(path) ?? value;
  return value;
}

function faultLine({ pointer, message }: InputError, kind: string, file: string, document: ManifestDocument): string {
  const path = pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  const { line, column } = document.position(path.map((step) => (/^\d+$/.test(step) ? Number(step) : step)));
  const words = message.replace('is not a known field', `is not a field of ${kind}`);
  return `${file}:${line}:${column}: ${path.join('.') || kind} ${words}.`;
}
