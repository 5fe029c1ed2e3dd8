import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { domainError } from '#kernel';
import { systemClock } from '#runtime/system';
import { findPrograms } from '../find-programs.ts';
import type { RenderTarget, SourceContext, SourceEgress } from '../source.ts';

const cacheFolder = fileURLToPath(new URL('../../../../node_modules/.cache/astro-programs', import.meta.url));

/** Programs of the packages, or of the PATH. */
export const PROGRAMS = await findPrograms({ settings: {}, cacheFolder, path: process.env['PATH'] ?? '' });

/** Tests that render are skipped where helm is not installed. */
export const describeWithHelm = PROGRAMS.helm !== undefined && existsSync(PROGRAMS.helm) ? describe : describe.skip;

export const TARGET: RenderTarget = {
  namespace: 'acme-web',
  kubernetesVersion: '1.36.3',
  apiVersions: ['v1/ConfigMap', 'apps/v1/Deployment'],
};

export const RELEASE = { name: 'web', namespace: TARGET.namespace };

/** Allows the given ports of 127.0.0.1, and nothing else that is not public. */
export const allowPorts = (...ports: readonly number[]): SourceEgress => ({
  refusal: ({ address, port }) =>
    address === '127.0.0.1' && ports.includes(port)
      ? undefined
      : domainError('clusters/egress-refused', 'invalid', `${address} is not allowed.`),
});

export const sourceContext = (folder: string, more: Partial<SourceContext> = {}): SourceContext => ({
  programs: PROGRAMS,
  egress: allowPorts(),
  settingsOf: async () => undefined,
  folder,
  clock: systemClock,
  signal: new AbortController().signal,
  ...more,
});

/** Files of a chart as texts by path. */
export const chartOf = (files: Readonly<Record<string, string>>): { files: Map<string, Uint8Array> } => ({
  files: new Map(
    Object.entries({ 'Chart.yaml': 'apiVersion: v2\nname: web\nversion: 1.0.0\n', ...files }).map(([path, text]) => [
      path,
      Buffer.from(text),
    ]),
  ),
});

/** Template of a ConfigMap with the given lines of data. */
export const configMap = (name: string, ...data: readonly string[]): string =>
  [
    'apiVersion: v1',
    'kind: ConfigMap',
    `metadata: {name: ${name}}`,
    'data:',
    ...data.map((line) => `  ${line}`),
    '',
  ].join('\n');
