import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { err, ok, type DomainError, type Result } from '#kernel';
import { runProgram, type ProgramFailure } from '../run-program.ts';
import { sourceErrors } from '../source-errors.ts';
import type { RenderedSource, SourceContext } from '../source.ts';
import { withTempFolder } from '../temp-folder.ts';
import { readText } from './file-text.ts';
import { redact } from './git-failure.ts';
import { entryOnTheWay, type GitTree, type TreeEntry } from './git-tree.ts';
import { checkKustomization, checkTransformers, KUSTOMIZATION_NAMES } from './kustomization.ts';
import { inFolder } from './repository-path.ts';

const MAX_KUSTOMIZATIONS = 200;
const RENDER_MS = 30_000;
const MEMORY_BYTES = 1_717_986_918; // 1.6 GiB: kubectl reserves more than 1.2 GiB of addresses to start
const MAX_OUTPUT_BYTES = 20 * 1024 ** 2;
const SPLIT = 'split the kustomization into several applications';

/** Files to render, by their path in the repository. */
type Files = Map<string, string | Uint8Array>;

/**
 * Renders the kustomization of a folder with `kubectl kustomize`, in a copy that has only the files that it refers to.
 * Every reference was checked before; no variable leads to a program or to a proxy that responds.
 */
export async function renderKustomization(
  tree: GitTree,
  folder: string,
  context: SourceContext,
): Promise<Result<RenderedSource, DomainError>> {
  const { kubectl } = context.programs;
  if (kubectl === undefined) return err(sourceErrors.programMissing('kubectl'));
  const files = await collect(tree, folder);
  if (!files.ok) return files;
  return withTempFolder(context, async (temp) => {
    const [copy, empty] = [join(temp, 'copy'), join(temp, 'empty')];
    await mkdir(copy);
    await mkdir(empty);
    for (const [path, content] of files.value) {
      await mkdir(dirname(join(copy, path)), { recursive: true });
      await writeFile(join(copy, path), content, { flag: 'wx' });
    }
    const nowhere = 'http://127.0.0.1:9';
    const ran = await runProgram({
      program: kubectl,
      args: ['kustomize', '--load-restrictor=LoadRestrictionsRootOnly', '--', join(copy, folder)],
      env: {
        PATH: empty,
        HOME: empty,
        TMPDIR: temp,
        KUBECONFIG: '/dev/null',
        HTTP_PROXY: nowhere,
        HTTPS_PROXY: nowhere,
        ALL_PROXY: nowhere,
      },
      cwd: empty,
      timeoutMs: RENDER_MS,
      maxOutputBytes: MAX_OUTPUT_BYTES,
      memoryBytes: MEMORY_BYTES,
      signal: context.signal,
      clock: context.clock,
    });
    if (!ran.ok) return err(failure(ran.error, copy));
    const name = inFolder(folder, 'kustomization.yaml');
    return ok({
      detected: 'kustomization',
      files: [{ name, text: ran.value.stdout.toString('utf8') }],
      warnings: warningsIn(ran.value.stderr),
    });
  });
}

/** Follows the references of a kustomization, and returns all files that it needs. */
async function collect(tree: GitTree, root: string): Promise<Result<Files, DomainError>> {
  const files: Files = new Map();
  const plain = new Map<string, TreeEntry>();
  const visited = new Set<string>();
  const queue = [root];
  for (let folder = queue.shift(); folder !== undefined; folder = queue.shift()) {
    if (visited.has(folder)) continue;
    visited.add(folder);
    if (visited.size > MAX_KUSTOMIZATIONS)
      return err(sourceErrors.renderLimit(`There are more than ${MAX_KUSTOMIZATIONS} kustomizations.`, SPLIT));
    const entry = kustomizationOf(tree, folder);
    if (!entry.ok) return entry;
    const text = await readText(tree, entry.value);
    if (!text.ok) return text;
    const checked = checkKustomization(text.value, folder);
    if (!checked.ok) return checked;
    files.set(entry.value.path, checked.value.text);
    for (const path of checked.value.resources)
      if (tree.hasFolder(path)) queue.push(path);
      else plain.set(path, { path, kind: 'file', id: '' });
    for (const path of checked.value.files) plain.set(path, { path, kind: 'file', id: '' });
    for (const path of checked.value.transformers) {
      const transformer = existing(tree, path);
      if (!transformer.ok) return transformer;
      const config = await readText(tree, transformer.value);
      if (!config.ok) return config;
      const rewritten = checkTransformers(config.value);
      if (!rewritten.ok) return err(sourceErrors.renderRefused(`${path} ${rewritten.error}.`));
      files.set(path, rewritten.value);
    }
  }
  const entries: TreeEntry[] = [];
  for (const path of plain.keys()) {
    if (files.has(path)) continue;
    const entry = existing(tree, path);
    if (!entry.ok) return entry;
    entries.push(entry.value);
  }
  const contents = await tree.read(entries);
  if (!contents.ok) return contents;
  for (const [path, content] of contents.value) files.set(path, content);
  return ok(files);
}

function kustomizationOf(tree: GitTree, folder: string): Result<TreeEntry, DomainError> {
  const found = KUSTOMIZATION_NAMES.flatMap((name) => tree.entry(inFolder(folder, name)) ?? []);
  const [entry, second] = found;
  if (!entry) return err(sourceErrors.renderRefused(`${folder} is a resource, but has no kustomization.yaml.`));
  if (second)
    return err(sourceErrors.renderRefused(`${entry.path} and ${second.path} are both present.`, 'remove one of them'));
  return ok(entry);
}

function existing(tree: GitTree, path: string): Result<TreeEntry, DomainError> {
  const entry = tree.entry(path) ?? entryOnTheWay(tree, path);
  return entry
    ? ok(entry)
    : err(sourceErrors.renderRefused(`A kustomization refers to ${path}, which the repository does not have.`));
}

function failure({ reason, stderr }: ProgramFailure, copy: string): DomainError {
  switch (reason) {
    case 'not-installed':
      return sourceErrors.programMissing('kubectl');
    case 'aborted':
      return sourceErrors.canceled();
    case 'timeout':
      return sourceErrors.renderLimit(`The kustomization took longer than ${RENDER_MS / 1_000} s.`, SPLIT);
    case 'output':
      return sourceErrors.renderLimit(
        `The kustomization renders more than ${MAX_OUTPUT_BYTES / 1024 ** 2} MiB.`,
        SPLIT,
      );
    case 'exit':
      return /out of memory|cannot allocate/.test(stderr)
        ? sourceErrors.renderLimit('The kustomization needs too much memory.', SPLIT)
        : sourceErrors.renderRefused(
            `kustomize: ${messageOf(stderr, copy)}.`,
            'run `kubectl kustomize` in the folder to see the error',
          );
  }
}

/** Returns the message of kubectl, which writes it as `error: …` or in its log as `err="…"`. */
function messageOf(stderr: string, copy: string): string {
  const logged = /err=("(?:[^"\\]|\\.)*")/.exec(stderr)?.[1];
  const text = logged === undefined ? stderr.replace(/^error: /, '') : String(unquoted(logged));
  const message = shownLines(text, copy).join(' ').slice(0, 500);
  return message === '' ? 'it ended without a message' : message;
}

/** Reads a string in quotes. What Go quotes is nearly always JSON; otherwise the quotes remain. */
function unquoted(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Returns lines of kustomize without the path of the copy. */
const shownLines = (stderr: string, copy: string): readonly string[] =>
  stderr
    .replaceAll(`${copy}/`, '')
    .replaceAll(copy, '.')
    .split('\n')
    .map((line) => redact(line, []).trim())
    .filter((line) => line !== '');

const warningsIn = (stderr: string): readonly string[] =>
  shownLines(stderr, '')
    .filter((line) => /^#? ?warning/i.test(line))
    .slice(0, 20);
