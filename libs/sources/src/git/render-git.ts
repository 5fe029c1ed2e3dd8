import { posix } from 'node:path';
import { err, nearestName, ok, type DomainError, type Result } from '#kernel';
import { renderChart } from '../helm/render-chart.ts';
import type { GitSource, RenderedSource, RenderSource, RenderTarget, SourceContext } from '../source.ts';
import { decodeText } from './file-text.ts';
import { gitErrors } from './git-errors.ts';
import { DEFAULT_GIT_LIMITS, type GitLimits } from './git-limits.ts';
import { isCommitId } from './git-revision.ts';
import { withGit } from './git-session.ts';
import { entryOnTheWay, fetchTree, type GitTree, type TreeEntry } from './git-tree.ts';
import { parseGitUrl } from './git-url.ts';
import { KUSTOMIZATION_NAMES } from './kustomization.ts';
import { renderKustomization } from './render-kustomization.ts';
import { folderOf, inFolder, nameOf, resolvePath, shownFolder } from './repository-path.ts';

const MANIFEST_NAME = /\.(yaml|yml|json)$/;
const MAX_NAMED = 10;

/**
 * Fetches the pinned commit, finds out whether the path is a chart, a kustomization, or plain manifests, and renders it.
 * What is in the repository is read from git's objects: nothing is checked out, and nothing in it is run.
 */
export const renderGit: RenderSource<GitSource> = (source, pin, target, context) =>
  renderGitWithin(DEFAULT_GIT_LIMITS)(source, pin, target, context);

/** `renderGit` with other limits. */
export const renderGitWithin =
  (limits: GitLimits): RenderSource<GitSource> =>
  async (source, pin, target, context) => {
    const remote = parseGitUrl(source.url);
    if (!remote.ok) return remote;
    if (!isCommitId(pin.commit)) return err(gitErrors.revisionInvalid());
    const path = resolvePath('', source.path);
    if (path === undefined) return err(gitErrors.pathInvalid(source.path));
    return withGit(
      remote.value,
      context,
      async (git) => {
        const tree = await fetchTree(git, pin.commit.toLowerCase());
        return tree.ok ? renderPath(tree.value, path, source, target, context) : tree;
      },
      limits,
    );
  };

async function renderPath(
  tree: GitTree,
  path: string,
  source: GitSource,
  target: RenderTarget,
  context: SourceContext,
): Promise<Result<RenderedSource, DomainError>> {
  const blocking = path === '' ? undefined : entryOnTheWay(tree, path);
  if (blocking) return readManifests(tree, [blocking]); // reports the link or submodule
  const file = tree.entry(path);
  if (file) return renderFile(tree, file, source);
  if (!tree.hasFolder(path)) return err(missing(tree, path));
  const isChart = tree.entry(inFolder(path, 'Chart.yaml')) !== undefined;
  const isKustomization = KUSTOMIZATION_NAMES.some((name) => tree.entry(inFolder(path, name)));
  if (source.accepts === 'manifests' || (!isChart && !isKustomization)) return renderFolder(tree, path, source);
  if (isChart && isKustomization)
    return err(
      gitErrors.ambiguous(
        `${shownFolder(path)} has both a Chart.yaml and a kustomization.`,
        'remove one of them, or use the path of another folder',
      ),
    );
  if (isChart) return renderChartFolder(tree, path, source, target, context);
  const rendered = await renderKustomization(tree, path, context);
  return rendered.ok
    ? ok({ ...rendered.value, warnings: [...valuesUnused(source), ...rendered.value.warnings] })
    : rendered;
}

async function renderFile(
  tree: GitTree,
  file: TreeEntry,
  source: GitSource,
): Promise<Result<RenderedSource, DomainError>> {
  if (source.accepts === 'any')
    return err(
      gitErrors.pathMissing(
        `${file.path} is a file.`,
        `use the path of its folder; for one file, use source.type: yaml`,
      ),
    );
  if (!MANIFEST_NAME.test(file.path))
    return err(
      gitErrors.noManifests(`${file.path} does not end in .yaml, .yml or .json.`, 'use the path of a manifest'),
    );
  return readManifests(tree, [file]);
}

async function renderFolder(
  tree: GitTree,
  folder: string,
  source: GitSource,
): Promise<Result<RenderedSource, DomainError>> {
  const { entries, folders } = tree.list(folder);
  const { exclude } = source;
  const isExcluded = (path: string) =>
    exclude !== undefined && posix.matchesGlob(posix.relative(`/${folder}`, `/${path}`), exclude);
  const manifests = entries.filter(({ path }) => MANIFEST_NAME.test(path) && !isExcluded(path));
  if (manifests.length === 0)
    return err(
      gitErrors.noManifests(
        `${shownFolder(folder)} has no files that end in .yaml, .yml or .json${exclude === undefined ? '' : ' and are not excluded'}.`,
        folders.length === 0
          ? 'use the path of a folder with manifests'
          : `use the path of a folder with manifests, such as ${listed(folders)}`,
      ),
    );
  const rendered = await readManifests(tree, manifests);
  return rendered.ok ? ok({ ...rendered.value, warnings: valuesUnused(source) }) : rendered;
}

async function readManifests(
  tree: GitTree,
  entries: readonly TreeEntry[],
): Promise<Result<RenderedSource, DomainError>> {
  const read = await tree.read(entries);
  if (!read.ok) return read;
  const files: { readonly name: string; readonly text: string }[] = [];
  for (const [name, content] of read.value) {
    const text = decodeText(name, content);
    if (!text.ok) return text;
    files.push({ name, text: text.value });
  }
  return ok({ detected: 'manifests', files, warnings: [] });
}

async function renderChartFolder(
  tree: GitTree,
  folder: string,
  source: GitSource,
  target: RenderTarget,
  context: SourceContext,
): Promise<Result<RenderedSource, DomainError>> {
  const files = await readFolder(tree, folder);
  if (!files.ok) return files;
  const values = await readValues(tree, folder, source);
  if (!values.ok) return values;
  const release = { name: source.releaseName, namespace: target.namespace };
  const chart = {
    files: files.value,
    outside: async (relative: string) => {
      const path = resolvePath(folder, relative);
      return path !== undefined && tree.hasFolder(path) ? readFolder(tree, path) : ok(undefined);
    },
  };
  const rendered = await renderChart(chart, values.value, release, target, context);
  if (!rendered.ok) return rendered;
  const { manifests, warnings } = rendered.value;
  return ok({ detected: 'chart', files: [{ name: inFolder(folder, 'Chart.yaml'), text: manifests }], warnings });
}

/** Reads all files of a folder and the folders below it, by their path relative to it. */
async function readFolder(
  tree: GitTree,
  folder: string,
): Promise<Result<ReadonlyMap<string, Uint8Array>, DomainError>> {
  const read = await tree.read(tree.below(folder));
  if (!read.ok) return read;
  return ok(new Map([...read.value].map(([path, content]) => [posix.relative(`/${folder}`, `/${path}`), content])));
}

/** Returns the values for a chart as texts in YAML, of which later ones win. */
async function readValues(
  tree: GitTree,
  folder: string,
  { values }: GitSource,
): Promise<Result<readonly string[], DomainError>> {
  if (!values) return ok([]);
  if (values.type === 'object') return ok([JSON.stringify(values.object)]);
  const entries: TreeEntry[] = [];
  for (const name of values.files) {
    const path = resolvePath(folder, name);
    if (path === undefined || path === '') return err(gitErrors.pathInvalid(name));
    const entry = tree.entry(path) ?? entryOnTheWay(tree, path);
    if (!entry) return err(missing(tree, path));
    entries.push(entry);
  }
  const read = await tree.read(entries);
  if (!read.ok) return read;
  const texts: string[] = [];
  for (const { path } of entries) {
    const text = decodeText(path, read.value.get(path) ?? new Uint8Array());
    if (!text.ok) return text;
    texts.push(text.value);
  }
  return ok(texts);
}

/** Reports a path that does not exist, with what the nearest folder has. */
function missing(tree: GitTree, path: string): DomainError {
  let folder = folderOf(path);
  while (!tree.hasFolder(folder)) folder = folderOf(folder);
  const { entries, folders } = tree.list(folder);
  const names = [...folders, ...entries.map((entry) => entry.path)];
  const next = path.slice(folder === '' ? 0 : folder.length + 1).split('/')[0] ?? '';
  const nearest = nearestName(next, names.map(nameOf));
  const has = names.length === 0 ? 'is empty' : `has ${listed(folders.length > 0 ? folders : names)}`;
  return gitErrors.pathMissing(
    `The repository has no ${path}. ${shownFolder(folder)} ${has}.`,
    nearest === undefined ? 'use a path that exists' : `did you mean ${inFolder(folder, nearest)}?`,
  );
}

function listed(paths: readonly string[]): string {
  const named = paths.slice(0, MAX_NAMED).join(', ');
  return paths.length > MAX_NAMED ? `${named} and ${paths.length - MAX_NAMED} more` : named;
}

const valuesUnused = ({ values }: GitSource): readonly string[] =>
  values ? ['The values are not used, because the path is not a chart.'] : [];
