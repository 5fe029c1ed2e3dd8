import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { err, ok, type DomainError, type Result } from '#kernel';
import type { RenderTarget, SourceContext } from '../source.ts';
import { sourceErrors } from '../source-errors.ts';
import { withTempFolder } from '../temp-folder.ts';
import { filesRefusal, writeFiles, type ChartFiles } from './chart-files.ts';
import { fetchDependencies, type FolderOutside } from './fetch-dependencies.ts';
import { helmErrors } from './helm-errors.ts';
import { differingTemplates } from './differing-templates.ts';
import { hideValues } from './hide-values.ts';
import { mayVary } from './may-vary.ts';
import { prepareHome, runHelm } from './run-helm.ts';

/** A chart in memory. */
export interface Chart {
  /** Paths relative to the chart's folder, which contains Chart.yaml. */
  readonly files: ChartFiles;
  /** For dependencies in folders outside of the chart, such as `file://../common`. Absent: these are refused. */
  readonly outside?: FolderOutside;
}

export interface Release {
  /** At most 53 characters: a DNS label, or several with dots. */
  readonly name: string;
  /** DNS label. */
  readonly namespace: string;
}

export interface RenderedChart {
  /** Documents in YAML, with CustomResourceDefinitions and hooks. */
  readonly manifests: string;
  readonly warnings: readonly string[];
}

const RELEASE_NAME = /^(?=.{1,53}$)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;
const NAMESPACE = /^(?=.{1,63}$)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;
const KUBERNETES_VERSION = /^v?\d+\.\d+(?:\.\d+)?(?:[-+][0-9A-Za-z.+-]+)?$/;

/**
 * Fetches the dependencies that are not in the chart, and renders it with the real `helm template` from files in a
 * folder of its own without links. helm has no network, no plugins, and no access to a cluster, so that `lookup` returns
 * nothing. A chart whose output may vary is rendered twice, and a difference is a warning.
 *
 * @param values texts in YAML, later ones first in precedence
 * @returns the documents; `sources/render-refused` with the place in the chart if helm reports an error;
 *   `sources/render-limit` if it exceeds 10 s, 1.6 GiB of address space, or 20 MB of output
 */
export async function renderChart(
  chart: Chart,
  values: readonly string[],
  release: Release,
  target: RenderTarget,
  context: SourceContext,
): Promise<Result<RenderedChart, DomainError>> {
  const { helm } = context.programs;
  if (helm === undefined) return err(sourceErrors.programMissing('helm'));
  const refusal = requestRefusal(release, target) ?? chartRefusal(chart.files);
  if (refusal) return err(refusal);
  const complete = await fetchDependencies(chart.files, context, chart.outside);
  if (!complete.ok) return complete;
  return withTempFolder(context, async (folder) => {
    await writeFiles(join(folder, 'chart'), complete.value.files);
    const files = values.map((_, index) => join(folder, `values-${index}.yaml`));
    for (const [index, file] of files.entries()) await writeFile(file, values[index] ?? '', { mode: 0o600 });
    await prepareHome(folder);
    const run = { folder, values: files, release, target, hide: (text: string) => hideValues(text, values) };
    const [first, second] = await Promise.all([
      runHelm(helm, run, context),
      mayVary(complete.value.files, values) ? runHelm(helm, run, context) : undefined,
    ]);
    if (!first.ok) return first;
    if (second?.ok === false) return second;
    const random = second ? randomWarnings(first.value, second.value) : [];
    return ok({ manifests: first.value, warnings: [...complete.value.warnings, ...random] });
  });
}

function requestRefusal({ name, namespace }: Release, { kubernetesVersion }: RenderTarget): DomainError | undefined {
  if (!RELEASE_NAME.test(name))
    return sourceErrors.renderRefused(
      'The name of the release is invalid.',
      'set releaseName to at most 53 lower-case letters, digits, and hyphens',
    );
  if (!NAMESPACE.test(namespace)) return sourceErrors.renderRefused('The target namespace has an invalid name.');
  return KUBERNETES_VERSION.test(kubernetesVersion)
    ? undefined
    : sourceErrors.renderRefused('The cluster reports an invalid version of Kubernetes.');
}

function chartRefusal(files: ChartFiles): DomainError | undefined {
  if (!files.has('Chart.yaml')) return helmErrors.notAChart('The source', 'it has no Chart.yaml');
  const refusal = filesRefusal(files);
  if (!refusal) return undefined;
  return refusal.isTooLarge
    ? sourceErrors.tooLarge(`The chart ${refusal.why}.`, 'remove files that are not needed to render the chart')
    : sourceErrors.renderRefused(`The chart ${refusal.why}.`, 'rename the file');
}

function randomWarnings(first: string, second: string): readonly string[] {
  const templates = differingTemplates(first, second);
  return templates.length === 0
    ? []
    : [
        `The chart generates random values, which change with every deployment, in ${templates.join(', ')}; ` +
          'set these values in the manifest to keep them.',
      ];
}
