import { startFileServer, packChart, createTestAuthority, type FileServer } from '#testing/charts';
import { manualClock, temporaryFolder } from '#testing';
import type { HelmSource, HostSettings, SourceContext } from '../source.ts';
import { sha256 } from './archives.ts';
import { allowPorts, configMap, describeWithHelm, sourceContext, TARGET } from './helm.fixture.ts';
import { pinHelm } from './pin-helm.ts';
import { renderHelm } from './render-helm.ts';

const certificate = await createTestAuthority('charts.test', 'other.test', 'internal.test');
const SECRET = 'chart-secret-1';
const CONFIG = configMap('web', 'greeting: {{ .Values.greeting | default "none" | quote }}');

const indexOf = (chart: string, versions: Readonly<Record<string, { url: string; digest?: string }>>): string =>
  [
    'apiVersion: v1',
    'entries:',
    `  ${chart}:`,
    ...Object.entries(versions).flatMap(([version, { url, digest }]) => [
      `  - apiVersion: v2`,
      ...(digest === undefined ? [] : [`    digest: ${digest}`]),
      `    urls:`,
      `    - ${url}`,
      `    version: ${version}`,
    ]),
    '',
  ].join('\n');

describe('charts of an https repository', () => {
  const folder = temporaryFolder();
  const servers: FileServer[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.close();
  });
  const start = async (options: { login?: string } = {}) => {
    const server = await startFileServer({ tls: certificate, ...options });
    servers.push(server);
    return server;
  };

  /** Names of tests resolve to loopback, where only the servers of this test may be contacted. */
  const contextOf = (settings: Readonly<Record<string, HostSettings>> = {}, more: Partial<SourceContext> = {}) =>
    sourceContext(folder, {
      egress: allowPorts(...servers.map(({ port }) => port)),
      resolve: async (host) =>
        host.endsWith('.test') ? ['127.0.0.1'] : host === 'private.invalid' ? ['10.0.0.1'] : [host],
      settingsOf: async (host) => ({ certificateAuthority: certificate.authority, ...settings[host] }),
      ...more,
    });
  const sourceOf = (server: FileServer, more: Partial<HelmSource> = {}): HelmSource => ({
    type: 'helm',
    repository: `https://charts.test:${server.port}/stable`,
    chart: 'web',
    releaseName: 'web',
    ...more,
  });
  const serve = (server: FileServer, version: string, url = `web-${version}.tgz`, digest?: string) => {
    const archive = packChart('web', version, { 'templates/a.yaml': CONFIG });
    server.files.set(
      '/stable/index.yaml',
      indexOf('web', { [version]: { url, ...(digest !== undefined && { digest }) } }),
    );
    server.files.set(`/stable/web-${version}.tgz`, archive);
    return archive;
  };

  it('are pinned to the newest version of the range, with the digest of the index or of the archive', async () => {
    const server = await start();
    const archive = packChart('web', '1.2.0');
    server.files.set('/stable/web-1.2.0.tgz', archive);
    const digest = 'ab'.repeat(32);
    server.files.set(
      '/stable/index.yaml',
      indexOf('web', {
        '1.2.0': { url: 'web-1.2.0.tgz' },
        '1.3.0': { url: 'web-1.3.0.tgz', digest },
        '2.0.0-rc.1': { url: 'x.tgz' },
      }),
    );
    const pin = (version?: string) => pinHelm(sourceOf(server, version === undefined ? {} : { version }), contextOf());
    expect(await pin()).toEqual({ ok: true, value: { type: 'helm', version: '1.3.0', digest: `sha256:${digest}` } });
    expect(server.requests.map(({ path }) => path)).toEqual(['/stable/index.yaml']);
    expect(await pin('~1.2.0')).toEqual({
      ok: true,
      value: { type: 'helm', version: '1.2.0', digest: sha256(archive) },
    });
    expect(await pin('^3')).toMatchObject({
      error: { code: 'sources/chart-version-unknown', fix: 'the newest versions are 2.0.0-rc.1, 1.3.0, 1.2.0' },
    });
    expect(await pin('newest')).toMatchObject({ error: { code: 'sources/chart-version-invalid' } });
    expect(await pinHelm(sourceOf(server, { chart: 'wed' }), contextOf())).toMatchObject({
      error: { code: 'sources/chart-unknown', fix: 'did you mean web?' },
    });
  });

  describeWithHelm('rendered', () => {
    it('have the values of the manifest or of files of the chart', async () => {
      const server = await start();
      const files = { 'templates/a.yaml': CONFIG, 'values-production.yaml': 'greeting: from file\n' };
      server.files.set('/stable/index.yaml', indexOf('web', { '1.0.0': { url: 'web-1.0.0.tgz' } }));
      server.files.set('/stable/web-1.0.0.tgz', packChart('web', '1.0.0', files));
      const render = async (values?: HelmSource['values']) => {
        const source = sourceOf(server, values ? { values } : {});
        const pin = await pinHelm(source, contextOf());
        if (!pin.ok) throw new Error(pin.error.detail);
        return renderHelm(source, pin.value, TARGET, contextOf());
      };
      expect(await render()).toMatchObject({
        value: { detected: 'chart', files: [{ name: 'web/templates/a.yaml' }], warnings: [] },
      });
      expect(await render({ type: 'object', object: { greeting: 'yes: no' } })).toMatchObject({
        value: { files: [{ text: expect.stringContaining('greeting: "yes: no"') }] },
      });
      expect(await render({ type: 'files', files: ['./values-production.yaml'] })).toMatchObject({
        value: { files: [{ text: expect.stringContaining('greeting: "from file"') }] },
      });
    });

    it('D11: are those of the pin, although the version was published again', async () => {
      const server = await start();
      serve(server, '1.0.0');
      const pin = await pinHelm(sourceOf(server), contextOf());
      if (!pin.ok) throw new Error(pin.error.detail);
      server.files.set('/stable/web-1.0.0.tgz', packChart('web', '1.0.0', { 'templates/a.yaml': configMap('other') }));
      expect(await renderHelm(sourceOf(server), pin.value, TARGET, contextOf())).toMatchObject({
        error: { code: 'sources/chart-changed', kind: 'conflict' },
      });
      server.files.set('/stable/index.yaml', indexOf('web', { '1.0.1': { url: 'web-1.0.1.tgz' } }));
      expect(await renderHelm(sourceOf(server), pin.value, TARGET, contextOf())).toMatchObject({
        error: { code: 'sources/source-gone' },
      });
    });
  });

  it.each(['../../etc/passwd', '/etc/passwd', 'templates/../../a', 'link.yaml', 'missing.yaml'])(
    'D7: do not take the values file %s, because it is not a file of the chart',
    async (path) => {
      const server = await start();
      serve(server, '1.0.0');
      const source = sourceOf(server, { values: { type: 'files', files: [path] } });
      const pin = await pinHelm(source, contextOf());
      if (!pin.ok) throw new Error(pin.error.detail);
      expect(await renderHelm(source, pin.value, TARGET, contextOf())).toMatchObject({
        error: { code: 'sources/render-refused', detail: expect.stringContaining('has no values file') },
      });
    },
  );

  it('are refused if the index states another digest', async () => {
    const server = await start();
    serve(server, '1.0.0', 'web-1.0.0.tgz', 'cd'.repeat(32));
    const pin = await pinHelm(sourceOf(server), contextOf());
    if (!pin.ok) throw new Error(pin.error.detail);
    expect(await renderHelm(sourceOf(server), pin.value, TARGET, contextOf())).toMatchObject({
      error: { code: 'sources/chart-changed' },
    });
  });

  it('may redirect up to five times', async () => {
    const server = await start();
    serve(server, '1.0.0');
    const index = server.files.get('/stable/index.yaml') ?? '';
    const redirect = (from: string, to: string) =>
      server.files.set(from, (_, response) => void response.writeHead(302, { location: to }).end());
    redirect('/stable/index.yaml', '/1');
    for (let hop = 1; hop < 5; hop++) redirect(`/${hop}`, `/${hop + 1}`);
    server.files.set('/5', index);
    expect(await pinHelm(sourceOf(server), contextOf())).toMatchObject({ ok: true });
    redirect('/5', '/6');
    server.files.set('/6', index);
    expect(await pinHelm(sourceOf(server), contextOf())).toMatchObject({ error: { code: 'sources/redirect-refused' } });
  });

  it.each([
    ['a private address', 'https://10.1.2.3/index.yaml', 'clusters/egress-refused'],
    ['the metadata service', 'https://169.254.169.254/latest', 'clusters/egress-refused'],
    ['another port of this machine', 'https://127.0.0.1:1/index.yaml', 'clusters/egress-refused'],
    ['an IPv4 address in IPv6', 'https://[::ffff:10.0.0.1]/', 'clusters/egress-refused'],
    ['an address in hexadecimal', 'https://0x7f000001/', 'clusters/egress-refused'],
    ['a name of a private address', 'https://private.invalid/', 'clusters/egress-refused'],
    ['plain http', 'http://127.0.0.1:1/', 'sources/redirect-refused'],
    ['a file', 'file:///etc/passwd', 'sources/redirect-refused'],
    ['a URL with a password', 'https://a:b@charts.test/', 'sources/redirect-refused'],
  ])('D3: are not fetched from %s to which the repository redirects', async (_, location, code) => {
    const server = await start();
    server.files.set('/stable/index.yaml', (__, response) => void response.writeHead(307, { location }).end());
    expect(await pinHelm(sourceOf(server), contextOf())).toMatchObject({ ok: false, error: { code } });
  });

  it.each([
    'https://10.0.0.1/charts',
    'https://169.254.169.254/',
    'https://[::1]/',
    'https://2130706433/',
    'https://private.invalid/',
    'oci://10.0.0.1/charts',
    'oci://private.invalid:5000/charts',
  ])('D3: are not fetched from %s', async (repository) => {
    const source: HelmSource = { type: 'helm', repository, chart: 'web', releaseName: 'web' };
    expect(await pinHelm(source, contextOf())).toMatchObject({ error: { code: 'clusters/egress-refused' } });
  });

  it('D3: are not fetched from a private address in the index, nor from a name that changes its address', async () => {
    const server = await start();
    serve(server, '1.0.0', 'https://10.0.0.1/web-1.0.0.tgz');
    expect(await pinHelm(sourceOf(server), contextOf())).toMatchObject({ error: { code: 'clusters/egress-refused' } });
    serve(server, '1.0.0');
    // The second answer of the resolver is another one. Each connection is made to the address that was checked for it.
    const answers = [['127.0.0.1'], ['10.0.0.1']];
    const resolve = async () => answers.shift() ?? [];
    expect(await pinHelm(sourceOf(server), contextOf({}, { resolve }))).toMatchObject({
      error: { code: 'clusters/egress-refused' },
    });
    expect(server.requests.filter(({ path }) => path.endsWith('.tgz'))).toEqual([]);
  });

  it('D4: get the credential of their host only, and not from another host or after a redirect to one', async () => {
    const server = await start({ login: `ada:${SECRET}` });
    const other = await start();
    const login: HostSettings = { credential: { user: 'ada', secret: SECRET } };
    const key = `charts.test:${server.port}`;
    serve(server, '1.0.0');
    expect(await pinHelm(sourceOf(server), contextOf({ [key]: login }))).toMatchObject({ ok: true });
    // An absolute URL of another host in the index
    serve(server, '1.0.0', `https://other.test:${other.port}/web.tgz`);
    other.files.set('/web.tgz', packChart('web', '1.0.0'));
    expect(await pinHelm(sourceOf(server), contextOf({ [key]: login }))).toMatchObject({ ok: true });
    // A redirect to another host, and back to the first one
    const redirect = (location: string) => (_: unknown, response: import('node:http').ServerResponse) =>
      void response.writeHead(302, { location }).end();
    server.files.set('/stable/index.yaml', redirect(`https://other.test:${other.port}/back`));
    other.files.set('/back', redirect(`https://charts.test:${server.port}/second`));
    expect(await pinHelm(sourceOf(server), contextOf({ [key]: login }))).toMatchObject({
      error: { code: 'sources/unauthorized' },
    });
    expect(other.requests.map(({ path, authorization }) => [path, authorization])).toEqual([
      ['/web.tgz', undefined],
      ['/back', undefined],
    ]);
    expect(server.requests.at(-1)).toMatchObject({ path: '/second', authorization: undefined });
    // The same repository under another name
    const moved = sourceOf(server, { repository: `https://other.test:${server.port}/stable` });
    expect(await pinHelm(moved, contextOf({ [key]: login }))).toMatchObject({
      error: { code: 'sources/unauthorized', fix: expect.stringContaining(`other.test:${server.port}`) },
    });
    expect(server.requests.at(-1)).toMatchObject({ authorization: undefined });
  });

  it.each([
    'https://ada:chart-secret-1@charts.test/stable',
    'oci://ada:chart-secret-1@charts.test/stable',
    'https://x/?token=chart-secret-1',
  ])('D5: are refused with a credential in %s, without its repetition', async (repository) => {
    const source: HelmSource = { type: 'helm', repository, chart: 'web', releaseName: 'web' };
    const result = await pinHelm(source, contextOf());
    expect(result).toMatchObject({ error: { code: 'sources/url-invalid' } });
    expect(JSON.stringify(result)).not.toContain(SECRET);
  });

  it('D5: name no secret if the credential is refused', async () => {
    const server = await start({ login: 'ada:right' });
    server.files.set('/stable/index.yaml', '');
    const key = `charts.test:${server.port}`;
    const result = await pinHelm(
      sourceOf(server),
      contextOf({ [key]: { credential: { user: 'ada', secret: SECRET } } }),
    );
    expect(result).toMatchObject({
      error: { code: 'sources/unauthorized', detail: `${key} refused the stored credential.` },
    });
    expect(JSON.stringify(result)).not.toContain(SECRET);
  });

  it.each([
    'http://charts.test/',
    'ftp://charts.test/',
    'file:///srv/charts',
    'charts',
    '',
    'https:charts.test',
    'oci:/x',
  ])('are not fetched from %j', async (repository) => {
    const source: HelmSource = { type: 'helm', repository, chart: 'web', releaseName: 'web' };
    expect(await pinHelm(source, contextOf())).toMatchObject({ error: { code: 'sources/url-invalid' } });
  });

  it('may be served over plain http on loopback only', async () => {
    const server = await startFileServer();
    servers.push(server);
    serve(server, '1.0.0');
    const pinAt = (host: string) =>
      pinHelm(sourceOf(server, { repository: `http://${host}:${server.port}/stable` }), contextOf());
    expect(await pinAt('127.0.0.1')).toMatchObject({ ok: true, value: { version: '1.0.0' } });
    expect(await pinAt('charts.test')).toMatchObject({ error: { code: 'sources/url-invalid' } }); // resolves to 127.0.0.1
    expect(server.requests).toHaveLength(2); // the index and the archive of the first
  });

  it('need a certificate of a known authority', async () => {
    const server = await start();
    serve(server, '1.0.0');
    const result = await pinHelm(sourceOf(server), contextOf({}, { settingsOf: async () => undefined }));
    expect(result).toMatchObject({
      error: {
        code: 'sources/certificate-refused',
        detail: expect.stringContaining('its certificate authority is unknown'),
        fix: expect.stringContaining('--kind registry --ca FILE'),
      },
    });
  });

  it('need a server that speaks TLS', async () => {
    const server = await startFileServer();
    servers.push(server);
    expect(await pinHelm(sourceOf(server), contextOf())).toMatchObject({
      error: { code: 'sources/tls-failed', fix: expect.stringContaining('the port in the URL') },
    });
  });

  it('are limited in size and time', async () => {
    const server = await start();
    server.files.set('/stable/index.yaml', Buffer.alloc(20 * 1_048_576 + 1));
    expect(await pinHelm(sourceOf(server), contextOf())).toMatchObject({ error: { code: 'sources/source-too-large' } });
    server.files.set('/stable/index.yaml', (_, response) => {
      response.writeHead(200); // without Content-Length
      for (let part = 0; part < 21; part++) response.write(Buffer.alloc(1_048_576));
      response.end();
    });
    expect(await pinHelm(sourceOf(server), contextOf())).toMatchObject({ error: { code: 'sources/source-too-large' } });
    const clock = manualClock();
    server.files.set('/stable/index.yaml', () => clock.advance(60_000)); // never responds
    expect(await pinHelm(sourceOf(server), contextOf({}, { clock }))).toMatchObject({
      error: { code: 'sources/timeout' },
    });
    const controller = new AbortController();
    server.files.set('/stable/index.yaml', () => controller.abort());
    expect(await pinHelm(sourceOf(server), contextOf({}, { signal: controller.signal }))).toMatchObject({
      error: { code: 'sources/canceled' },
    });
  });

  it('are reported in plain words if the repository does not work', async () => {
    const server = await start();
    expect(await pinHelm(sourceOf(server), contextOf())).toMatchObject({
      error: { code: 'sources/chart-index-invalid', detail: expect.stringContaining('has no index.yaml') },
    });
    server.files.set('/stable/index.yaml', '<html>');
    expect(await pinHelm(sourceOf(server), contextOf())).toMatchObject({
      error: { code: 'sources/chart-index-invalid' },
    });
    server.files.set('/stable/index.yaml', (_, response) => void response.writeHead(503).end());
    expect(await pinHelm(sourceOf(server), contextOf())).toMatchObject({
      error: { code: 'sources/unreachable', detail: `charts.test:${server.port} responded with status 503.` },
    });
    await server.close();
    expect(await pinHelm(sourceOf(server), contextOf())).toMatchObject({ error: { code: 'sources/unreachable' } });
    servers.splice(0);
  });
});
