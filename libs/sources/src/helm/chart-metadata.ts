import { z } from 'zod';
import type { ChartFiles } from './chart-files.ts';
import { readYaml } from './read-yaml.ts';

/** Dependency in Chart.yaml, or in requirements.yaml of charts for helm 2. */
export interface Dependency {
  readonly name: string;
  /** Version or range. */
  readonly version: string;
  /** `https://…`, `oci://…`, `file://…`, or the name of a repository of the author's machine (`@name`); may be ''. */
  readonly repository: string;
  /** Version that Chart.lock names for it. */
  readonly lockedVersion?: string;
}

export interface ChartMetadata {
  readonly name: string;
  readonly dependencies: readonly Dependency[];
}

const MAX_BYTES = 256 * 1024;

const listSchema = z.object({
  dependencies: z
    .array(
      z.object({
        name: z.string().min(1).max(200),
        version: z.string().max(200).default(''),
        repository: z.string().max(2_000).default(''),
      }),
    )
    .max(200)
    .nullish(),
});
const chartSchema = listSchema.extend({ name: z.string().min(1).max(200) });

/**
 * Reads what fetching the dependencies of a chart needs. helm reads the rest.
 *
 * @param folder of the chart in `files`: '' or ends in /
 * @returns undefined if the folder has no valid Chart.yaml
 */
export function readMetadata(files: ChartFiles, folder: string): ChartMetadata | undefined {
  const read = (name: string): unknown => {
    const bytes = files.get(folder + name);
    return bytes && bytes.length <= MAX_BYTES ? readYaml(Buffer.from(bytes).toString('utf8')) : undefined;
  };
  const chart = chartSchema.safeParse(read('Chart.yaml'));
  if (!chart.success) return undefined;
  const { name, dependencies } = chart.data;
  const listed = dependencies ?? listSchema.safeParse(read('requirements.yaml')).data?.dependencies ?? [];
  const lock = listSchema.safeParse(read('Chart.lock') ?? read('requirements.lock')).data?.dependencies ?? [];
  return {
    name,
    dependencies: listed.map((dependency) => {
      const locked = lock.find((each) => each.name === dependency.name && each.repository === dependency.repository);
      return { ...dependency, ...(locked && { lockedVersion: locked.version }) };
    }),
  };
}

/** Names of the charts in the folder `charts` of a chart, with their folders. Archives have no folder. */
export function vendoredCharts(files: ChartFiles, folder: string): readonly { name: string; folder?: string }[] {
  const charts: { name: string; folder?: string }[] = [];
  for (const path of files.keys()) {
    if (!path.startsWith(`${folder}charts/`)) continue;
    const [member = '', file, ...deeper] = path.slice(`${folder}charts/`.length).split('/');
    if (file === undefined && member.endsWith('.tgz')) charts.push({ name: member.slice(0, -'.tgz'.length) });
    if (file !== 'Chart.yaml' || deeper.length > 0) continue;
    const own = `${folder}charts/${member}/`;
    charts.push({ name: readMetadata(files, own)?.name ?? member, folder: own });
  }
  return charts;
}

/** Returns whether an archive `web-1.2.3` or a chart `web` of the folder `charts` is a dependency. */
export const isVendored = (charts: ReturnType<typeof vendoredCharts>, { name }: Dependency): boolean =>
  charts.some((chart) =>
    chart.folder === undefined
      ? chart.name.startsWith(`${name}-`) && /^-v?\d/.test(chart.name.slice(name.length))
      : chart.name === name,
  );
