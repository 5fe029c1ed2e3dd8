import { posix } from 'node:path';
import { err, ok, type DomainError, type Result } from '#kernel';
import { sourceErrors } from '../source-errors.ts';
import { archiveName } from './archives.ts';
import { readChartArchive } from './chart-archive.ts';
import { filesRefusal, type ChartFiles } from './chart-files.ts';
import { isVendored, readMetadata, vendoredCharts, type Dependency } from './chart-metadata.ts';
import type { ChartRepository } from './chart-repository.ts';
import { fetchArchive, openRepository } from './open-repository.ts';
import type { DownloadContext } from './download.ts';
import { helmErrors } from './helm-errors.ts';
import { isCompleteVersion, parseRange, parseVersion } from './version-range.ts';

export interface FetchedDependencies {
  /** The chart with its dependencies in `charts`. */
  readonly files: ChartFiles;
  readonly warnings: readonly string[];
}

/**
 * Reads a folder outside of the chart.
 *
 * @param path relative to the chart, such as `../common`
 * @returns its files; undefined if it does not exist; an error if it has files that cannot be read
 */
export type FolderOutside = (path: string) => Promise<Result<ChartFiles | undefined, DomainError>>;

const MAX_DEPTH = 5;
const MAX_CHARTS = 50;

/**
 * Adds the dependencies of a chart that are not in its folder `charts`, and their dependencies, from their repositories
 * or from folders (`file://`). Which of them are used (`condition`, `tags`, `alias`) is decided by helm.
 *
 * @param outside for dependencies in folders outside of the chart; absent: these are refused
 */
export const fetchDependencies = (
  files: ChartFiles,
  context: DownloadContext,
  outside?: FolderOutside,
): Promise<Result<FetchedDependencies, DomainError>> => new DependencyFetch(files, context, outside).run();

class DependencyFetch {
  private readonly files: Map<string, Uint8Array>;
  private readonly repositories = new Map<string, ChartRepository>();
  private readonly warnings: string[] = [];
  private fetched = 0;

  constructor(
    files: ChartFiles,
    private readonly context: DownloadContext,
    private readonly outside: FolderOutside | undefined,
  ) {
    this.files = new Map(files);
  }

  async run(): Promise<Result<FetchedDependencies, DomainError>> {
    const refusal = await this.complete('', 0);
    return refusal ? err(refusal) : ok({ files: this.files, warnings: this.warnings });
  }

  /** @param folder of a chart: '' or ends in / */
  private async complete(folder: string, depth: number): Promise<DomainError | undefined> {
    const metadata = readMetadata(this.files, folder);
    if (!metadata) return undefined; // helm reports it
    const present = vendoredCharts(this.files, folder);
    const missing = metadata.dependencies.filter((dependency) => !isVendored(present, dependency));
    // Several dependencies with the same version are one chart with aliases.
    const added = new Set<string>();
    for (const dependency of missing) {
      if (depth === MAX_DEPTH) return tooMany(`more than ${MAX_DEPTH} levels of dependencies`);
      const refusal = await this.add(metadata.name, dependency, folder, added);
      if (refusal) return refusal;
    }
    for (const chart of vendoredCharts(this.files, folder)) {
      const refusal = chart.folder === undefined ? undefined : await this.complete(chart.folder, depth + 1);
      if (refusal) return refusal;
    }
    return undefined;
  }

  private async add(
    chart: string,
    dependency: Dependency,
    folder: string,
    added: Set<string>,
  ): Promise<DomainError | undefined> {
    if (++this.fetched > MAX_CHARTS) return tooMany(`more than ${MAX_CHARTS} dependencies`);
    const found = await this.find(chart, dependency, folder);
    if (!found.ok) return found.error;
    const { files, version } = found.value;
    const target = `${folder}charts/${dependency.name}-${version}/`;
    if (added.has(target)) return undefined;
    added.add(target);
    for (const [path, content] of files) this.files.set(target + path, content);
    const refusal = filesRefusal(this.files);
    return refusal && sourceErrors.tooLarge(`The chart with its dependencies ${refusal.why}.`, FEWER);
  }

  private find(chart: string, dependency: Dependency, folder: string) {
    const { name, repository } = dependency;
    if (/^file:/i.test(repository)) return this.fromFolder(chart, dependency, folder);
    if (/^(https|http|oci):/i.test(repository)) return this.fromRepository(chart, dependency);
    const fix = 'state the URL of its repository in Chart.yaml, or add the dependency to the folder charts';
    const why =
      repository === '' ? 'which is not in its folder charts' : 'whose repository has a name instead of a URL';
    return Promise.resolve(err(helmErrors.dependencyRefused(chart, name, why, fix)));
  }

  private async fromFolder(
    chart: string,
    { name, repository }: Dependency,
    folder: string,
  ): Promise<Result<{ files: ChartFiles; version: string }, DomainError>> {
    const path = posix.normalize(posix.join(folder, repository.replace(/^file:\/\//i, ''), '.')).replace(/\/$/, '');
    const isOutside = path === '..' || path.startsWith('../');
    const isAbsolute = /^file:\/{3}/i.test(repository);
    const outside = isOutside && !isAbsolute ? await this.outside?.(path) : undefined;
    if (outside && !outside.ok) return outside;
    const inside = isOutside || isAbsolute ? undefined : subfolder(this.files, path === '.' ? '' : `${path}/`);
    const files = outside?.value ?? inside;
    return files?.has('Chart.yaml')
      ? ok({ files, version: 'local' })
      : err(
          helmErrors.dependencyRefused(
            chart,
            name,
            `and the folder ${repository.slice(0, 200)} is not a chart of the same source`,
            'use a folder of the same source, or a repository',
          ),
        );
  }

  private async fromRepository(
    chart: string,
    { name, version, repository: address, lockedVersion }: Dependency,
  ): Promise<Result<{ files: ChartFiles; version: string }, DomainError>> {
    const opened = this.open(address);
    if (!opened.ok) return opened;
    const locked = lockedVersion !== undefined && isInRange(lockedVersion, version) ? lockedVersion : undefined;
    const found = await opened.value.find(name, locked ?? (version === '' ? undefined : version));
    if (!found.ok) return found;
    if (locked === undefined && !isCompleteVersion(version))
      this.warnings.push(
        `Chart ${chart} depends on any version of ${name} that matches ${version || '*'}, now ${found.value.version}; ` +
          'add its Chart.lock to keep that version.',
      );
    const archive = await fetchArchive(opened.value, name, found.value);
    if (!archive.ok) return archive;
    const read = await readChartArchive(archive.value, archiveName(name, found.value.version));
    return read.ok ? ok({ files: read.value.files, version: found.value.version }) : read;
  }

  private open(address: string): Result<ChartRepository, DomainError> {
    const known = this.repositories.get(address);
    if (known) return ok(known);
    const opened = openRepository(address, this.context);
    if (opened.ok) this.repositories.set(address, opened.value);
    return opened;
  }
}

const FEWER = 'use fewer or smaller dependencies';
const tooMany = (what: string): DomainError => sourceErrors.tooLarge(`The chart has ${what}.`, FEWER);

function isInRange(version: string, range: string): boolean {
  const parsed = parseVersion(version);
  return range === version || (parsed !== undefined && (parseRange(range || '*')?.matches(parsed) ?? false));
}

/** Files below a folder, with paths relative to it. @param folder '' or ends in / */
const subfolder = (files: ChartFiles, folder: string): ChartFiles =>
  new Map(
    [...files].flatMap(([path, content]) => (path.startsWith(folder) ? [[path.slice(folder.length), content]] : [])),
  );
