import type { DomainError } from '#kernel';
import { sourceErrors } from '../source-errors.ts';
import { withoutCredentials } from './helm-errors.ts';

const MAX_TEXT = 800;

/**
 * Converts what helm 3 or 4 has written to standard error to one sentence with the place in the chart.
 *
 * @param folder of the run; it is removed from paths
 */
export function plainHelmError(stderr: string, folder: string): DomainError {
  const text = withoutCredentials(stderr)
    .replaceAll(`${folder}/`, '')
    .replace(/^(?:WARNING|level=|time=|walk\.go|coalesce\.go).*$/gm, '')
    .replace(/^Use --debug flag.*$/m, '')
    .replace(/^\s*Error: /, '')
    .trim();
  return (
    schemaError(text) ??
    templateError(text) ??
    otherError(text) ??
    refused(`helm could not render the chart: ${oneLine(text) || 'no reason was reported'}`)
  );
}

const refused = (
  detail: string,
  fix = 'try it with `helm template`, and correct the chart or the values',
): DomainError => sourceErrors.renderRefused(`${detail.replace(/[.\s]+$/, '').slice(0, MAX_TEXT)}.`, fix);

const oneLine = (text: string): string => text.replace(/\s*\n\s*/g, ' ').trim();

/** `values don't meet the specifications of the schema(s) in the following chart(s):\nweb:\n- at '/replicas': …` */
function schemaError(text: string): DomainError | undefined {
  const listed = /values don't meet the specifications of the schema\(s\)[^\n]*\n([\s\S]*)$/.exec(text)?.[1];
  if (listed === undefined) return undefined;
  const errors = [...listed.matchAll(/^\s*- (?:at '([^']*)': )?(.+)$/gm)].map(([, pointer = '', message = '']) => {
    const path = pointer.split('/').slice(1).join('.');
    return path === '' ? message : `${path}: ${message}`;
  });
  const found = errors.length === 0 ? oneLine(listed) : errors.slice(0, 20).join('; ');
  return refused(`The values do not match the schema of the chart: ${found}`, 'correct the values in the manifest');
}

/** Errors with the place in a template, `web/templates/a.yaml:4:20`. */
function templateError(text: string): DomainError | undefined {
  const raised = /^execution error at \(([^)]+)\): ([\s\S]+)$/.exec(text);
  if (raised) return refused(`${raised[1]}: ${oneLine(raised[2] ?? '')}`, 'set the value that the chart requires');
  const parse = /^parse error at \(([^)]+)\): ([\s\S]+)$/.exec(text);
  if (parse) return refused(`${parse[1]}: ${oneLine(parse[2] ?? '')}`, 'correct the template');
  const place = /^(?:template: )?([^\s:]+:\d+:\d+):?\s+executing "[^"]*" at (<.*?>):\s*([\s\S]+)$/.exec(text);
  if (!place) return undefined;
  const [, where = '', expression = '', cause = ''] = place;
  // A chain of included templates is long; its last part is the cause.
  const line = oneLine(cause);
  return refused(
    `${where}: ${expression}: ${line.length > 400 ? `… ${line.slice(-400)}` : line}`,
    valuesFix(expression),
  );
}

const valuesFix = (expression: string): string => {
  const value = /\.Values\.([\w.]+)/.exec(expression)?.[1];
  return value === undefined ? 'correct the template' : `set ${value} in the values`;
};

function otherError(text: string): DomainError | undefined {
  const yaml = /^YAML parse error on (\S+): (?:error converting YAML to JSON: )?([\s\S]+)$/.exec(text);
  if (yaml) return refused(`${yaml[1]} does not render to valid YAML: ${oneLine(yaml[2] ?? '')}`);
  const kubernetes = /chart requires kubeVersion: (.+) which is incompatible with Kubernetes (\S+)/.exec(text);
  if (kubernetes)
    return refused(
      `The chart requires Kubernetes ${kubernetes[1]}, and the cluster has ${kubernetes[2]}`,
      'use another version of the chart, or another cluster',
    );
  const missing = /found in Chart\.yaml, but missing in charts\/ directory: (.+)$/m.exec(text);
  if (missing)
    return refused(
      `The chart depends on ${missing[1]}, which is not in its folder charts`,
      'state the repository of each dependency in Chart.yaml',
    );
  return undefined;
}
