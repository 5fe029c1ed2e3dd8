import { ok } from '#kernel';
import { temporaryFolder } from '#testing';
import { createTestAuthority, packChart, startFileServer, startRegistry } from '#testing/charts';
import { allowPorts, chartOf, configMap, describeWithHelm, RELEASE, sourceContext, TARGET } from './helm.fixture.ts';
import { fetchDependencies } from './fetch-dependencies.ts';
import { renderChart } from './render-chart.ts';

const certificate = await createTestAuthority('charts.test');

describe('the dependencies of a chart', () => {
  const folder = temporaryFolder();
  const closing: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const server of closing.splice(0)) await server.close();
  });
  const keep = <T extends { close(): Promise<void> }>(server: T): T => {
    closing.push(server);
    return server;
  };
  const contextOf = (...ports: readonly number[]) =>
    sourceContext(folder, {
      egress: allowPorts(...ports),
      resolve: async (host) => (host.endsWith('.test') ? ['127.0.0.1'] : [host]),
      settingsOf: async () => ({ certificateAuthority: certificate.authority }),
    });
  const chartYaml = (name: string, ...dependencies: readonly object[]) =>
    `apiVersion: v2\nname: ${name}\nversion: 1.0.0\ndependencies: ${JSON.stringify(dependencies)}\n`;

  /** A repository with versions of charts by `name version`. */
  const serve = async (charts: Readonly<Record<string, Readonly<Record<string, string>>>>) => {
    const server = keep(await startFileServer({ tls: certificate }));
    const entries: Record<string, { version: string; urls: string[] }[]> = {};
    for (const [key, files] of Object.entries(charts)) {
      const [name = '', version = ''] = key.split(' ');
      (entries[name] ??= []).push({ version, urls: [`${name}-${version}.tgz`] });
      server.files.set(`/${name}-${version}.tgz`, packChart(name, version, files));
    }
    server.files.set('/index.yaml', JSON.stringify({ entries }));
    return { port: server.port, repository: `https://charts.test:${server.port}`, requests: server.requests };
  };

  describeWithHelm('rendered', () => {
    it('are fetched from https repositories, registries, and folders of the chart, with aliases and conditions', async () => {
      const { port, repository } = await serve({
        'db 1.2.0': { 'templates/db.yaml': configMap('{{ .Chart.Name }}', 'size: {{ .Values.size | quote }}') },
        'extra 1.0.0': { 'templates/extra.yaml': configMap('extra') },
      });
      const registry = keep(await startRegistry());
      registry.push('charts/cache', '3.0.0', packChart('cache', '3.0.0', { 'templates/c.yaml': configMap('cache') }));
      const files = {
        'Chart.yaml': chartYaml(
          'web',
          { name: 'db', version: '~1.2.0', repository },
          { name: 'db', version: '~1.2.0', repository, alias: 'archive' },
          { name: 'extra', version: '1.0.0', repository, condition: 'extra.enabled' },
          { name: 'cache', version: '3.0.0', repository: `oci://127.0.0.1:${registry.port}/charts` },
          { name: 'common', version: '*', repository: 'file://parts/common' },
        ),
        'values.yaml': 'extra: {enabled: false}\narchive: {size: 7}\ndb: {size: 5}\n',
        'parts/common/Chart.yaml': 'apiVersion: v2\nname: common\nversion: 0.1.0\n',
        'parts/common/templates/c.yaml': configMap('common'),
      };
      const context = contextOf(port, registry.port);
      const result = await renderChart(chartOf(files), [], RELEASE, TARGET, context);
      if (!result.ok) throw new Error(result.error.detail);
      const { manifests, warnings } = result.value;
      expect(manifests.match(/name: \w+}/g)?.sort()).toEqual(
        ['archive', 'cache', 'common', 'db'].map((name) => `name: ${name}}`),
      );
      expect(manifests).toContain('size: "7"');
      expect(warnings).toEqual([
        expect.stringContaining('depends on any version of db that matches ~1.2.0, now 1.2.0'),
        expect.stringContaining('depends on any version of db'),
      ]);
    });

    it('have the versions of Chart.lock, unless these are outside of the range', async () => {
      const template = { 'templates/a.yaml': configMap('db', 'version: {{ .Chart.Version }}') };
      const { port, repository } = await serve({ 'db 1.2.0': template, 'db 1.3.0': template, 'db 2.0.0': template });
      const render = async (locked: string) => {
        const dependency = { name: 'db', version: '^1.0.0', repository };
        const lock = JSON.stringify({ dependencies: [{ ...dependency, version: locked }] });
        const chart = chartOf({ 'Chart.yaml': chartYaml('web', dependency), 'Chart.lock': lock });
        const result = await renderChart(chart, [], RELEASE, TARGET, contextOf(port));
        return result.ok ? result.value : undefined;
      };
      expect(await render('1.2.0')).toMatchObject({
        manifests: expect.stringContaining('version: 1.2.0'),
        warnings: [],
      });
      expect(await render('2.0.0')).toMatchObject({ manifests: expect.stringContaining('version: 1.3.0') });
    });

    it('of dependencies are fetched too', async () => {
      const { port, repository } = await serve({ 'deep 1.0.0': { 'templates/a.yaml': configMap('deep') } });
      const middle = { 'Chart.yaml': chartYaml('middle', { name: 'deep', version: '1.0.0', repository }) };
      const outside = async (path: string) => ok(path === '../middle' ? chartOf(middle).files : undefined);
      const dependency = { name: 'middle', version: '1.0.0', repository: 'file://../middle' };
      const chart = { ...chartOf({ 'Chart.yaml': chartYaml('web', dependency) }), outside };
      expect(await renderChart(chart, [], RELEASE, TARGET, contextOf(port))).toMatchObject({
        value: { manifests: expect.stringContaining('name: deep') },
      });
    });
  });

  it('are not fetched if they are in the folder charts', async () => {
    const dependencies = [
      { name: 'db', version: '1.0.0', repository: 'https://10.0.0.1' },
      { name: 'db-tools', version: '1.0.0', repository: 'https://10.0.0.1' },
    ];
    const { files } = chartOf({
      'Chart.yaml': chartYaml('web', ...dependencies),
      'charts/any/Chart.yaml': 'name: db\nversion: 1.0.0\n',
      'charts/db-tools-1.0.0.tgz': 'x',
    });
    const fetched = await fetchDependencies(files, contextOf());
    expect(fetched.ok && [...fetched.value.files.keys()]).toEqual([...files.keys()]);
    files.delete('charts/any/Chart.yaml'); // db-tools is not db
    expect(await fetchDependencies(files, contextOf())).toMatchObject({ error: { code: 'clusters/egress-refused' } });
  });

  it.each([
    ['https://10.0.0.1/charts', 'clusters/egress-refused'],
    ['http://169.254.169.254/', 'sources/url-invalid'],
    ['oci://169.254.169.254/charts', 'clusters/egress-refused'],
    ['https://ada:secret@charts.test/', 'sources/url-invalid'],
    ['file:///etc', 'sources/chart-dependency'],
    ['file://../../other', 'sources/chart-dependency'],
    ['file://missing', 'sources/chart-dependency'],
    ['FILE://../other', 'sources/chart-dependency'],
    ['@stable', 'sources/chart-dependency'],
    ['alias:stable', 'sources/chart-dependency'],
    ['git+https://charts.test/', 'sources/chart-dependency'],
    ['', 'sources/chart-dependency'],
  ])('D3: are not fetched from %j', async (repository, code) => {
    const dependency = { name: 'db', version: '1.0.0', repository };
    const { files } = chartOf({ 'Chart.yaml': chartYaml('web', dependency) });
    expect(await fetchDependencies(files, contextOf())).toMatchObject({ error: { code } });
  });

  it('D8: are limited in depth and number', async () => {
    const own = { name: 'loop', version: '*', repository: 'file://.' };
    const loop = chartOf({ 'Chart.yaml': chartYaml('web', own) });
    expect(await fetchDependencies(loop.files, contextOf())).toMatchObject({
      error: { code: 'sources/source-too-large' },
    });
    const names = Array.from({ length: 51 }, (_, index) => ({
      name: `c${index}`,
      version: '1.0.0',
      repository: 'file://x',
    }));
    const many = chartOf({ 'Chart.yaml': chartYaml('web', ...names), 'x/Chart.yaml': 'name: x\nversion: 1.0.0\n' });
    expect(await fetchDependencies(many.files, contextOf())).toMatchObject({
      error: { code: 'sources/source-too-large' },
    });
  });
});
