import { fileURLToPath } from 'node:url';
import { egressRefused, isAllowed, parseEgressPolicy } from '#egress';
import { systemClock } from '#runtime/system';
import { findPrograms } from './find-programs.ts';
import { pinGit } from './git/pin-git.ts';
import { renderGit } from './git/render-git.ts';
import type { GitSource, SourceContext } from './source.ts';

/**
 * A program: renders folders of a repository with the environment that it was started with, as a deploy worker does.
 * Arguments: URL of the repository, PEM of the authorities of git and of charts, folder for temporary files, ports that may be contacted, and
 * the folders. Prints the outcomes as JSON.
 */
const [url = '', gitAuthority = '', chartAuthority = '', folder = '', ports = '', ...paths] = process.argv.slice(2);
const policy = parseEgressPolicy(ports.replaceAll(/\d+/g, '127.0.0.1:$&'));
if (!policy.ok) throw new Error(policy.error.detail);
const context: SourceContext = {
  programs: await findPrograms({
    settings: {},
    cacheFolder: fileURLToPath(new URL('../../../node_modules/.cache/astro-programs', import.meta.url)),
    path: '/usr/bin:/bin',
  }),
  egress: {
    refusal: (target) => (isAllowed(policy.value, target) ? undefined : egressRefused(target, policy.value)),
  },
  resolve: async () => ['127.0.0.1'],
  settingsOf: async (_, kind) => ({ certificateAuthority: kind === 'git' ? gitAuthority : chartAuthority }),
  folder,
  clock: systemClock,
  signal: new AbortController().signal,
};
const target = { namespace: 'acme-web', kubernetesVersion: '1.36.3', apiVersions: ['v1/ConfigMap'] };
const outcomes = [];
for (const path of paths) {
  const source: GitSource = { type: 'git', url, path, accepts: 'any', releaseName: 'web' };
  const pinned = await pinGit(source, context);
  const rendered = pinned.ok ? await renderGit(source, pinned.value, target, context) : pinned;
  outcomes.push(rendered.ok ? rendered.value.files.map(({ text }) => text).join('') : rendered.error);
}
process.stdout.write(JSON.stringify(outcomes));
