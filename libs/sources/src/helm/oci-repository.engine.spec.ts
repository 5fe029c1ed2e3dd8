import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { temporaryFolder } from '#testing';
import type { HelmSource } from '../source.ts';
import { allowPorts, configMap, PROGRAMS, sourceContext, TARGET } from './helm.fixture.ts';
import { pinHelm } from './pin-helm.ts';
import { renderHelm } from './render-helm.ts';

const url = process.env['ASTRO_TEST_REGISTRY_URL'];
const { helm } = PROGRAMS;

/** Charts that the real helm pushed to a real registry. */
(url !== undefined && helm !== undefined ? describe : describe.skip)('charts of a real registry', () => {
  const folder = temporaryFolder();
  const work = temporaryFolder();
  const { host = '', port = '' } = url === undefined ? {} : new URL(url);
  const context = sourceContext(folder, { egress: allowPorts(Number(port)) });
  // Charts of other runs against the same registry have other names.
  const chart = `web-${process.pid}`;
  const source = (version?: string): HelmSource => ({
    type: 'helm',
    repository: `oci://${host}/charts`,
    chart,
    releaseName: 'web',
    ...(version !== undefined && { version }),
  });
  const run = (...args: readonly string[]) =>
    execFileSync(helm ?? '', args, { cwd: work, env: { HOME: work, PATH: '' }, encoding: 'utf8', stdio: 'pipe' });
  const push = (version: string, name: string) => {
    const files = {
      'Chart.yaml': `apiVersion: v2\nname: ${chart}\nversion: ${version}\n`,
      'templates/a.yaml': configMap(name, 'version: {{ .Chart.Version | quote }}'),
    };
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(work, 'chart', path)), { recursive: true });
      writeFileSync(join(work, 'chart', path), text);
    }
    run('package', 'chart');
    return run('push', `${chart}-${version}.tgz`, `oci://${host}/charts`, '--plain-http');
  };
  const pin = async (version?: string) => {
    const result = await pinHelm(source(version), context);
    if (!result.ok) throw new Error(result.error.detail);
    return result.value;
  };

  it('are found by range, and rendered from the pin after the tag was moved', async () => {
    for (const version of ['1.0.0', '1.1.0+build.5', '2.0.0-rc.1']) push(version, `v${version.charAt(2)}`);
    expect(await pin('1.0.0')).toMatchObject({ version: '1.0.0' });
    expect(await pin('>1.5.0-0')).toMatchObject({ version: '2.0.0-rc.1' });
    const pinned = await pin();
    expect(pinned).toMatchObject({ version: '1.1.0+build.5', digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) });
    push('1.1.0+build.5', 'moved');
    expect((await pin()).digest).not.toBe(pinned.digest);
    expect(await renderHelm(source(), pinned, TARGET, context)).toMatchObject({
      value: {
        files: [{ name: `${chart}/templates/a.yaml`, text: expect.stringContaining('name: v1') }],
        warnings: [],
      },
    });
    expect(await pinHelm({ ...source(), chart: `${chart}-none` }, context)).toMatchObject({
      error: { code: 'sources/chart-unknown' },
    });
    expect(await pinHelm(source('9.9.9'), context)).toMatchObject({ error: { code: 'sources/chart-version-unknown' } });
  });
});
