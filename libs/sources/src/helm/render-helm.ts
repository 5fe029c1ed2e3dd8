import { err, ok, type DomainError, type Result } from '#kernel';
import type { ChartValues, HelmSource, RenderSource } from '../source.ts';
import { sourceErrors } from '../source-errors.ts';
import { archiveName } from './archives.ts';
import { readChartArchive } from './chart-archive.ts';
import { isPlainPath, type ChartFiles } from './chart-files.ts';
import { fetchArchive, openRepository } from './open-repository.ts';
import { manifestFiles } from './manifest-files.ts';
import { renderChart } from './render-chart.ts';

/**
 * Downloads the archive of a pinned chart, whose digest must be the recorded one, and renders it. Values files are files
 * of the chart.
 */
export const renderHelm: RenderSource<HelmSource> = async (source, pin, target, context) => {
  const { chart, releaseName } = source;
  const repository = openRepository(source.repository, context);
  if (!repository.ok) return repository;
  const archive = await fetchArchive(repository.value, chart, pin);
  if (!archive.ok) return archive;
  const what = archiveName(chart, pin.version);
  const read = await readChartArchive(archive.value, what);
  if (!read.ok) return read;
  const { files, ignored } = read.value;
  const values = valuesOf(source.values, files);
  if (!values.ok) return values;
  const release = { name: releaseName, namespace: target.namespace };
  const rendered = await renderChart({ files }, values.value, release, target, context);
  if (!rendered.ok) return rendered;
  return ok({
    detected: 'chart',
    files: manifestFiles(rendered.value.manifests),
    warnings: [
      ...(ignored.length > 0 ? [`${what} contains links, which were left out: ${ignored.join(', ')}.`] : []),
      ...rendered.value.warnings,
    ],
  });
};

function valuesOf(values: ChartValues | undefined, files: ChartFiles): Result<readonly string[], DomainError> {
  if (values === undefined) return ok([]);
  if (values.type === 'object') return ok([JSON.stringify(values.object)]); // JSON is YAML
  const texts: string[] = [];
  for (const path of values.files) {
    const plain = path.replace(/^\.\//, '');
    const content = isPlainPath(plain) ? files.get(plain) : undefined;
    if (!content)
      return err(
        sourceErrors.renderRefused(
          `The chart has no values file ${JSON.stringify(path.slice(0, 200))}.`,
          'name a file of the chart, such as values-production.yaml, or write the values in the manifest',
        ),
      );
    texts.push(Buffer.from(content).toString('utf8'));
  }
  return ok(texts);
}
