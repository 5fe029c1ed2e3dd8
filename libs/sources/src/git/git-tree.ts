import { err, ok, type DomainError, type Result } from '#kernel';
import { sourceErrors } from '../source-errors.ts';
import { folderBytes } from '../temp-folder.ts';
import { gitErrors } from './git-errors.ts';
import type { GitLimits } from './git-limits.ts';
import type { GitSession } from './git-session.ts';
import { folderOf, inFolder } from './repository-path.ts';

/** A file, link, or submodule of a commit. */
export interface TreeEntry {
  readonly path: string;
  readonly kind: 'file' | 'link' | 'submodule';
  readonly id: string;
  /** Absent: larger than the limit of a file, and not fetched. */
  readonly bytes?: number;
}

/** The files of one commit. They are read from git's objects and never checked out. */
export interface GitTree {
  entry(path: string): TreeEntry | undefined;
  hasFolder(path: string): boolean;
  /** Names of the entries directly in a folder, sorted, and of the folders in it. */
  list(folder: string): { readonly entries: readonly TreeEntry[]; readonly folders: readonly string[] };
  /** Entries in a folder and all folders below it, sorted by path. */
  below(folder: string): readonly TreeEntry[];
  /**
   * Reads files by their paths.
   * @returns the contents by path; an error if one is not a file, is too large, or is stored in Git LFS
   */
  read(entries: readonly TreeEntry[]): Promise<Result<ReadonlyMap<string, Uint8Array>, DomainError>>;
}

/** Names that git does not allow in a checkout. A commit can have them all the same. */
const FORBIDDEN_NAME = /^(\.{0,2}|\.git)$/i;
const LFS_POINTER = 'version https://git-lfs.github.com/spec/';

/** Fetches one commit without its history, and lists its files. */
export async function fetchTree(git: GitSession, commit: string): Promise<Result<GitTree, DomainError>> {
  const fetched = await fetchCommit(git, commit);
  if (!fetched.ok) return fetched;
  const sizes = await listObjects(git);
  if (!sizes.ok) return sizes;
  const { types, bytes } = sizes.value;
  if (types.get(commit) !== 'commit') return err(gitErrors.notACommit(commit));
  const listed = await git.local(['ls-tree', '-r', '-z', '--full-tree', commit]);
  if (!listed.ok) return listed;
  const entries: TreeEntry[] = [];
  for (const line of listed.value.toString('utf8').split('\0')) {
    const [, mode, id = '', path = ''] = /^(\d{6}) \w+ ([0-9a-f]+)\t([^]+)$/.exec(line) ?? [];
    if (mode === undefined) continue;
    if (path.split('/').some((segment) => FORBIDDEN_NAME.test(segment)))
      return err(gitErrors.fileRefused('The commit has a file with a path that git never writes.', 'use a new commit'));
    const size = bytes.get(id);
    entries.push({ path, kind: kindOf(mode), id, ...(size !== undefined && { bytes: size }) });
  }
  if (entries.length > git.limits.files)
    return err(
      sourceErrors.tooLarge(
        `The commit has ${entries.length} files; at most ${git.limits.files} are allowed.`,
        'move the files to deploy to a repository of their own',
      ),
    );
  return ok(createTree(entries, git.limits, (wanted, bytes) => readBlobs(git, wanted, bytes)));
}

function kindOf(mode: string): TreeEntry['kind'] {
  if (mode === '120000') return 'link';
  return mode === '160000' ? 'submodule' : 'file';
}

async function fetchCommit(git: GitSession, commit: string): Promise<Result<void, DomainError>> {
  const format = commit.length === 64 ? 'sha256' : 'sha1';
  const created = await git.local(['init', '--quiet', '--bare', '--template=', `--object-format=${format}`]);
  if (!created.ok) return created;
  const options = ['--quiet', '--depth=1', '--no-tags', '--no-recurse-submodules', '--no-write-fetch-head'];
  const filter = `--filter=blob:limit=${git.limits.fileBytes + 1}`;
  const fetched = await git.contact(['fetch', ...options, filter, '--', git.url, commit], commit);
  if ((await folderBytes(git.folder)) >= git.limits.repositoryBytes)
    return err(
      sourceErrors.tooLarge(
        `${git.remote.shown} is larger than ${git.limits.repositoryBytes / 1024 ** 2} MiB.`,
        'move the files to deploy to a repository of their own',
      ),
    );
  return fetched.ok ? ok(undefined) : fetched;
}

/** Returns types and sizes of the objects that were fetched. Missing objects are not requested. */
async function listObjects(
  git: GitSession,
): Promise<
  Result<{ readonly types: ReadonlyMap<string, string>; readonly bytes: ReadonlyMap<string, number> }, DomainError>
> {
  const listed = await git.local(['cat-file', '--batch-all-objects', '--batch-check', '--unordered']);
  if (!listed.ok) return listed;
  const types = new Map<string, string>();
  const bytes = new Map<string, number>();
  for (const line of listed.value.toString('latin1').split('\n')) {
    const [id = '', type = '', size] = line.split(' ');
    if (size === undefined) continue;
    types.set(id, type);
    if (Number(size) <= git.limits.fileBytes) bytes.set(id, Number(size));
  }
  return ok({ types, bytes });
}

/** Reads the contents of files that may be read, in their order. @param bytes of all together */
export type ReadBlobs = (
  wanted: readonly TreeEntry[],
  bytes: number,
) => Promise<Result<readonly Uint8Array[], DomainError>>;

/** Creates a tree of entries whose contents `readBlobs` reads. */
export function createTree(
  entries: readonly TreeEntry[],
  limits: Pick<GitLimits, 'fileBytes' | 'readBytes'>,
  readBlobs: ReadBlobs,
): GitTree {
  const byPath = new Map(entries.map((entry) => [entry.path, entry]));
  const folders = new Set(['']);
  for (const { path } of entries)
    for (let folder = folderOf(path); folder !== ''; folder = folderOf(folder)) folders.add(folder);
  const isIn = (folder: string, path: string) => folder === '' || path.startsWith(`${folder}/`);
  return {
    entry: (path) => byPath.get(path),
    hasFolder: (path) => folders.has(path),
    list: (folder) => ({
      entries: entries.filter(({ path }) => folderOf(path) === folder && path !== '').toSorted(byCodeUnits),
      folders: [...folders].filter((path) => path !== '' && folderOf(path) === folder).toSorted(),
    }),
    below: (folder) => entries.filter(({ path }) => isIn(folder, path)).toSorted(byCodeUnits),
    read: (wanted) => readFiles(wanted, limits, readBlobs),
  };
}

const byCodeUnits = (a: TreeEntry, b: TreeEntry): number => (a.path < b.path ? -1 : 1);

async function readFiles(
  wanted: readonly TreeEntry[],
  limits: Pick<GitLimits, 'fileBytes' | 'readBytes'>,
  readBlobs: ReadBlobs,
): Promise<Result<ReadonlyMap<string, Uint8Array>, DomainError>> {
  let total = 0;
  for (const entry of wanted) {
    const refusal = refusalOf(entry, limits.fileBytes);
    if (refusal) return err(refusal);
    total += entry.bytes ?? 0;
  }
  if (total > limits.readBytes)
    return err(
      sourceErrors.tooLarge(
        `The files to render have ${total} bytes; at most ${limits.readBytes} are allowed.`,
        'leave out files that are not manifests',
      ),
    );
  const files = new Map<string, Uint8Array>();
  if (wanted.length === 0) return ok(files);
  const read = await readBlobs(wanted, total);
  if (!read.ok) return read;
  for (const [index, { path }] of wanted.entries()) {
    const content = read.value[index] ?? new Uint8Array();
    if (Buffer.from(content.subarray(0, LFS_POINTER.length)).toString('latin1') === LFS_POINTER)
      return err(
        gitErrors.fileRefused(`${path} is stored in Git LFS, which is not supported.`, 'commit the file itself'),
      );
    files.set(path, content);
  }
  return ok(files);
}

async function readBlobs(
  git: GitSession,
  wanted: readonly TreeEntry[],
  bytes: number,
): Promise<Result<readonly Uint8Array[], DomainError>> {
  const read = await git.local(['cat-file', '--batch'], {
    stdin: wanted.map(({ id }) => `${id}\n`).join(''),
    maxOutputBytes: bytes + wanted.length * 200, // each has a line with id, type, and size
  });
  if (!read.ok) return read;
  const contents: Uint8Array[] = [];
  let offset = 0;
  for (const _ of wanted) {
    const end = read.value.indexOf('\n', offset);
    const size = Number(read.value.toString('latin1', offset, end).split(' ')[2]);
    contents.push(read.value.subarray(end + 1, end + 1 + size));
    offset = end + 1 + size + 1;
  }
  return ok(contents);
}

function refusalOf({ path, kind, bytes }: TreeEntry, maxBytes: number): DomainError | undefined {
  if (kind === 'link')
    return gitErrors.fileRefused(`${path} is a symbolic link, which is not followed.`, 'commit the file itself');
  if (kind === 'submodule')
    return gitErrors.fileRefused(
      `${path} is a submodule, which is not fetched.`,
      'use the repository of the submodule',
    );
  if (bytes === undefined)
    return sourceErrors.tooLarge(`${path} is larger than ${maxBytes} bytes.`, 'leave the file out, or make it smaller');
  return undefined;
}

/** Returns an entry of the tree that is in the way of a path: a link or submodule that is one of its folders. */
export function entryOnTheWay(tree: GitTree, path: string): TreeEntry | undefined {
  let passed = '';
  for (const segment of path.split('/')) {
    passed = inFolder(passed, segment);
    const entry = tree.entry(passed);
    if (entry && entry.kind !== 'file') return entry;
  }
  return undefined;
}
