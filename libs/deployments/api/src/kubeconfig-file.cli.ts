import {
  chmodSync,
  closeSync,
  existsSync,
  lstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
} from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { EXIT_CODES, ExitCode, isCommandError, localError, type CommandError, type Io } from '#cli';
import { isSystemError, makePrivateFolder, reasonOf, writePrivateFile } from '#files';
import type { Document } from 'yaml';

/** Lists of a kubeconfig whose entries have names. */
export type Section = 'clusters' | 'users' | 'contexts';

/** Entry of one of the lists. */
export interface NamedEntry {
  readonly name: string;
  readonly [part: string]: unknown;
}

/** A kubeconfig that can be read and changed. Parts that are not changed keep their formatting, comments and quotes. */
export interface Kubeconfig {
  readonly path: string;
  readonly currentContext: string | undefined;
  setCurrentContext(name: string): void;
  find(section: Section, name: string): NamedEntry | undefined;
  /** Returns the entries whose name is a string. kubectl can use no others. */
  entries(section: Section): readonly NamedEntry[];
  /** Adds an entry, or replaces the entry of the same name. */
  put(section: Section, entry: NamedEntry): void;
  drop(section: Section, name: string): void;
}

/** How often the lock of another program is retried, and the pause between attempts. */
const TRIES = 100;
const PAUSE_MS = 100;
const EMPTY = 'apiVersion: v1\nkind: Config\nclusters: []\nusers: []\ncontexts: []\n';

/** Returns the files that kubectl merges: those of `KUBECONFIG`, or `~/.kube/config` by default. */
function pathsOf({ environment, home, cwd }: Io): readonly [string, ...string[]] {
  const [first, ...more] = environment['KUBECONFIG']?.split(delimiter).filter(Boolean) ?? [];
  return first === undefined
    ? [join(home, '.kube', 'config')]
    : [resolve(cwd, first), ...more.map((path) => resolve(cwd, path))];
}

/**
 * Reads all kubeconfigs and changes one of them under the lock that kubectl uses, so that no change of another program
 * is lost.
 * @param change receives the file to which kubectl would add (the first that exists, otherwise the last) and all files
 *   that exist; returns the file that it changed
 */
export async function changeKubeconfig(
  io: Io,
  change: (own: Kubeconfig, all: readonly Kubeconfig[]) => Kubeconfig | CommandError,
): Promise<Kubeconfig | CommandError> {
  const paths = pathsOf(io);
  const target = paths.find((path) => existsSync(path)) ?? paths.at(-1) ?? paths[0];
  // imported before the lock is taken, so that it is held only for a moment
  const { parseDocument, isMap, isSeq } = await import('yaml');
  const open = (path: string): (Kubeconfig & { text(): string }) | CommandError => {
    const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
    // kubectl reads YAML 1.1. Text that YAML 1.1 or 1.2 would read as another type is written in quotes.
    const document = parseDocument(text.trim() === '' ? EMPTY : text, { version: '1.1', compat: 'core' });
    const isSound =
      document.errors.length === 0 &&
      isMap(document.contents) &&
      (['clusters', 'users', 'contexts'] as const).every((section) => {
        const list: unknown = document.get(section);
        return list === undefined || list === null || isSeq(list);
      });
    return isSound
      ? kubeconfigOf(path, document, isSeq, isMap)
      : localError(
          ExitCode.Failed,
          `${path} is not a valid kubeconfig and was not changed.`,
          'correct the file, or set KUBECONFIG to another one',
        );
  };
  try {
    return await locked(target, io, () => {
      const opened = new Map<string, Kubeconfig & { text(): string }>();
      for (const path of new Set([target, ...paths.filter((path) => existsSync(path))])) {
        const one = open(path);
        if (isCommandError(one)) return one;
        opened.set(path, one);
      }
      const own = opened.get(target);
      if (!own) throw new Error(`${target} was not opened`);
      const changed = change(own, [...opened.values()]);
      if (isCommandError(changed)) return changed;
      save(changed.path, opened.get(changed.path)?.text() ?? '');
      return changed;
    });
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return localError(
      ExitCode.Failed,
      `${target} cannot be changed: ${reasonOf(error)}.`,
      'make the file and its folder writable for your user, or set KUBECONFIG to another file',
    );
  }
}

/** @param isSeq, isMap functions of the `yaml` package, which is loaded only when a kubeconfig is changed */
function kubeconfigOf(
  path: string,
  document: Document.Parsed,
  isSeq: typeof import('yaml').isSeq,
  isMap: typeof import('yaml').isMap,
): Kubeconfig & { text(): string } {
  const listOf = (section: Section) => {
    const list: unknown = document.get(section);
    return isSeq(list) ? list : undefined;
  };
  const nameOf = (item: unknown): unknown => (isMap(item) ? item.get('name') : undefined);
  const entries = (section: Section): NamedEntry[] =>
    (listOf(section)?.items ?? []).flatMap((item) =>
      isMap(item) && typeof nameOf(item) === 'string' ? [item.toJS(document) as NamedEntry] : [],
    );
  const current: unknown = document.get('current-context');
  return {
    path,
    currentContext: typeof current === 'string' ? current : undefined,
    setCurrentContext: (name) => document.set('current-context', name),
    entries,
    find: (section, name) => entries(section).find((entry) => entry.name === name),
    put(section, entry) {
      const list = listOf(section);
      if (!list) return document.set(section, document.createNode([entry]));
      const at = list.items.findIndex((item) => nameOf(item) === entry.name);
      const node = document.createNode(entry);
      if (at >= 0) list.items[at] = node;
      else {
        if (list.items.length === 0) list.flow = false; // `[]` becomes a block list
        list.items.push(node);
      }
    },
    drop(section, name) {
      const list = listOf(section);
      if (list) list.items = list.items.filter((item) => nameOf(item) !== name);
      if (list?.items.length === 0) list.flow = true;
    },
    text: () => document.toString({ lineWidth: 0 }),
  };
}

/** Runs `work` while holding `<path>.lock`. client-go creates this file for each change, and fails when it exists. */
async function locked<T>(path: string, io: Io, work: () => T | CommandError): Promise<T | CommandError> {
  makePrivateFolder(dirname(path));
  const lock = `${path}.lock`;
  for (let tries = 1; ; tries++) {
    try {
      closeSync(openSync(lock, 'wx', 0o600));
      break;
    } catch (error) {
      if (!isSystemError(error, 'EEXIST')) throw error;
      if (tries === TRIES || io.interrupted.aborted)
        return localError(
          EXIT_CODES.conflict,
          `${path} is locked by another program: ${lock} exists.`,
          `wait for it; if none is running, delete the lock: rm ${lock}`,
        );
      await io.pause(PAUSE_MS, io.interrupted);
    }
  }
  try {
    return work();
  } finally {
    rmSync(lock, { force: true });
  }
}

/** Replaces the file at `path`, following symbolic links. An existing file keeps its mode. */
function save(path: string, text: string): void {
  const real = behindLinks(path);
  const before = statSync(real, { throwIfNoEntry: false });
  makePrivateFolder(dirname(real));
  writePrivateFile(real, text);
  if (before) chmodSync(real, before.mode & 0o777);
}

/** Linux follows this many symbolic links. */
const MAX_LINKS = 40;

function behindLinks(path: string): string {
  let at = path;
  for (let links = 0; links < MAX_LINKS; links++) {
    if (lstatSync(at, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return at;
    at = resolve(dirname(at), readlinkSync(at));
  }
  return at;
}
