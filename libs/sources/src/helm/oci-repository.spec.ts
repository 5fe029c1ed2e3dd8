import { temporaryFolder } from '#testing';
import { createTestAuthority, packChart, startFileServer, startRegistry, type RegistryOptions } from '#testing/charts';
import type { HelmSource, HostSettings } from '../source.ts';
import { allowPorts, configMap, describeWithHelm, sourceContext, TARGET } from './helm.fixture.ts';
import { maySendCredential } from './oci-authorization.ts';
import { pinHelm } from './pin-helm.ts';
import { renderHelm } from './render-helm.ts';

const certificate = await createTestAuthority('registry.acme.test', 'auth.acme.test', 'auth.other.test');
const SECRET = 'registry-secret-1';
const LOGIN: HostSettings = {
  credential: { user: 'ada', secret: SECRET },
  certificateAuthority: certificate.authority,
};
const NAME = 'charts/web';

describe('charts of a registry', () => {
  const folder = temporaryFolder();
  const closing: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const server of closing.splice(0)) await server.close();
  });
  const keep = <T extends { close(): Promise<void> }>(server: T): T => {
    closing.push(server);
    return server;
  };
  const start = async (options: RegistryOptions = {}) => keep(await startRegistry(options));
  const contextOf = (ports: readonly number[], settings: Readonly<Record<string, HostSettings>> = {}) =>
    sourceContext(folder, {
      egress: allowPorts(...ports),
      resolve: async (host) => (host.endsWith('.test') ? ['127.0.0.1'] : [host]),
      settingsOf: async (host) => settings[host] ?? { certificateAuthority: certificate.authority },
    });
  const sourceOf = (host: string, more: Partial<HelmSource> = {}): HelmSource => ({
    type: 'helm',
    repository: `oci://${host}/charts`,
    chart: 'web',
    releaseName: 'web',
    ...more,
  });

  it('are pinned to the digest of the archive, by version or range, over plain http on loopback', async () => {
    const registry = await start({ pageSize: 2 });
    const digests = ['1.0.0', '1.1.0', '1.1.0+build.1', '2.0.0-rc.1', '1.0.5'].map((version) =>
      registry.push(NAME, version, packChart('web', version)),
    );
    const context = contextOf([registry.port]);
    const pin = (version?: string) =>
      pinHelm(sourceOf(`127.0.0.1:${registry.port}`, version === undefined ? {} : { version }), context);
    expect(await pin('1.0.0')).toEqual({ ok: true, value: { type: 'helm', version: '1.0.0', digest: digests[0] } });
    expect(registry.requests.some(({ path }) => path.includes('tags/list'))).toBe(false);
    expect(await pin()).toMatchObject({ value: { version: '1.1.0+build.1', digest: digests[2] } });
    expect(await pin('1.1.0+build.1')).toMatchObject({ value: { version: '1.1.0+build.1', digest: digests[2] } });
    expect(await pin('~1.0.0')).toMatchObject({ value: { version: '1.0.5', digest: digests[4] } });
    expect(await pin('>1.5.0-0')).toMatchObject({ value: { version: '2.0.0-rc.1' } });
    expect(await pin('9.9.9')).toMatchObject({ error: { code: 'sources/chart-version-unknown' } });
    expect(await pinHelm(sourceOf(`127.0.0.1:${registry.port}`, { chart: 'nope' }), context)).toMatchObject({
      error: { code: 'sources/chart-unknown' },
    });
    expect(registry.requests.some(({ path }) => path.endsWith('.tgz') || path.includes('/blobs/'))).toBe(false);
  });

  describeWithHelm('rendered', () => {
    it('D11: are those of the pin, although the tag was moved', async () => {
      const registry = await start({ tls: certificate });
      const host = `registry.acme.test:${registry.port}`;
      const chart = (name: string) => packChart('web', '1.0.0', { 'templates/a.yaml': configMap(name) });
      registry.push(NAME, '1.0.0', chart('first'));
      const context = contextOf([registry.port]);
      const pin = await pinHelm(sourceOf(host), context);
      if (!pin.ok) throw new Error(pin.error.detail);
      registry.push(NAME, '1.0.0', chart('second'));
      expect(await renderHelm(sourceOf(host), pin.value, TARGET, context)).toMatchObject({
        value: { detected: 'chart', files: [{ text: expect.stringContaining('name: first') }] },
      });
      registry.files.set(`/v2/${NAME}/blobs/${pin.value.digest}`, chart('third'));
      expect(await renderHelm(sourceOf(host), pin.value, TARGET, context)).toMatchObject({
        error: { code: 'sources/chart-changed' },
      });
      registry.files.delete(`/v2/${NAME}/blobs/${pin.value.digest}`);
      expect(await renderHelm(sourceOf(host), pin.value, TARGET, context)).toMatchObject({
        error: { code: 'sources/source-gone' },
      });
    });
  });

  it('are read with a token that the credential of the host gets', async () => {
    const registry = await start({ tls: certificate, login: `ada:${SECRET}` });
    const host = `registry.acme.test:${registry.port}`;
    registry.push(NAME, '1.0.0', packChart('web', '1.0.0'));
    expect(await pinHelm(sourceOf(host), contextOf([registry.port], { [host]: LOGIN }))).toMatchObject({ ok: true });
    expect(registry.requests.filter(({ path }) => path.startsWith('/token')).map(({ path }) => path)).toEqual([
      `/token?service=${encodeURIComponent(host)}&scope=${encodeURIComponent(`repository:${NAME}:pull`)}`,
    ]);
    const wrong: HostSettings = { ...LOGIN, credential: { user: 'ada', secret: 'wrong-secret' } };
    for (const [settings, detail] of [
      [{ [host]: wrong }, `${host} refused the stored credential.`],
      [{}, `${host} requires a credential.`],
    ] as const) {
      const result = await pinHelm(sourceOf(host), contextOf([registry.port], settings));
      expect(result).toMatchObject({ error: { code: 'sources/unauthorized', detail } });
      expect(JSON.stringify(result)).not.toContain('wrong-secret');
    }
  });

  it('are read with the credential itself if the registry asks for HTTP Basic', async () => {
    const server = keep(await startFileServer({ tls: certificate, login: `ada:${SECRET}` }));
    const host = `registry.acme.test:${server.port}`;
    server.files.set(`/v2/${NAME}/tags/list`, JSON.stringify({ tags: [] }));
    expect(await pinHelm(sourceOf(host), contextOf([server.port], { [host]: LOGIN }))).toMatchObject({
      error: { code: 'sources/chart-unknown' }, // the list was read, and is empty
    });
    expect(await pinHelm(sourceOf(host), contextOf([server.port]))).toMatchObject({
      error: { code: 'sources/unauthorized' },
    });
  });

  it('D4: send the credential of their host to no token server of another domain', async () => {
    const tokens = keep(await startFileServer({ tls: certificate }));
    tokens.files.set('/token', JSON.stringify({ token: 'token-for-charts-web' }));
    for (const [realmHost, isSent] of [
      ['auth.other.test', false],
      ['auth.acme.test', true],
    ] as const) {
      const realm = `https://${realmHost}:${tokens.port}/token`;
      const registry = await start({ tls: certificate, login: `ada:${SECRET}`, realm });
      const host = `registry.acme.test:${registry.port}`;
      registry.push(NAME, '1.0.0', packChart('web', '1.0.0'));
      const context = contextOf([registry.port, tokens.port], { [host]: LOGIN });
      expect(await pinHelm(sourceOf(host), context)).toMatchObject({ ok: true });
      expect(tokens.requests.at(-1)?.authorization !== undefined).toBe(isSent);
    }
  });

  it.each([
    ['https://registry-1.docker.io', 'https://auth.docker.io', true],
    ['https://registry.gitlab.com', 'https://gitlab.com', true],
    ['https://ghcr.io', 'https://ghcr.io', true],
    ['https://ghcr.io', 'https://evil.io', false],
    ['https://a.co.uk', 'https://b.co.uk', false],
    ['https://registry.acme.dev', 'http://auth.acme.dev', false],
    ['https://registry.acme.dev', 'https://acme.dev.evil.io', false],
    ['https://registry.acme.dev', 'https://evilacme.dev', false],
    ['https://10.0.0.1:5000', 'https://10.0.0.1:5001', false],
    ['http://127.0.0.1:5000', 'http://127.0.0.1:5001', false],
  ])('D4: a credential of %s may be sent to the token server %s: %s', (registry, server, expected) => {
    expect(maySendCredential(new URL(registry), new URL(server))).toBe(expected);
  });

  it.each([
    ['https://10.0.0.1/token', 'clusters/egress-refused'],
    ['https://169.254.169.254/token', 'clusters/egress-refused'],
    ['http://127.0.0.1:1/token', 'sources/chart-index-invalid'],
    ['file:///etc/passwd', 'sources/chart-index-invalid'],
    ['https://a:b@auth.acme.test/', 'sources/chart-index-invalid'],
    ['', 'sources/chart-index-invalid'],
  ])('D3: do not use the token server %j', async (realm, code) => {
    const registry = await start({ tls: certificate, login: `ada:${SECRET}`, realm });
    const host = `registry.acme.test:${registry.port}`;
    registry.push(NAME, '1.0.0', packChart('web', '1.0.0'));
    expect(await pinHelm(sourceOf(host), contextOf([registry.port], { [host]: LOGIN }))).toMatchObject({
      error: { code },
    });
  });

  it('D4: are downloaded from another host without the credential and the token', async () => {
    const registry = await start({ tls: certificate, login: `ada:${SECRET}` });
    const storage = keep(await startFileServer({ tls: certificate }));
    const host = `registry.acme.test:${registry.port}`;
    const archive = packChart('web', '1.0.0', { 'values-a.yaml': 'a: 1' });
    const digest = registry.push(NAME, '1.0.0', archive);
    storage.files.set('/blob', archive);
    registry.files.set(`/v2/${NAME}/blobs/${digest}`, (request, response) => {
      const location = `https://auth.other.test:${storage.port}/blob`;
      if (request.headers.authorization === undefined)
        response.writeHead(401, { 'www-authenticate': `Bearer realm="https://${host}/token"` }).end();
      else response.writeHead(307, { location }).end();
    });
    const context = contextOf([registry.port, storage.port], { [host]: LOGIN });
    const source = sourceOf(host, { values: { type: 'files', files: ['missing.yaml'] } });
    const pin = { type: 'helm', version: '1.0.0', digest } as const;
    expect(await renderHelm(source, pin, TARGET, context)).toMatchObject({
      error: { detail: 'The chart has no values file "missing.yaml".' }, // the archive was read
    });
    expect(storage.requests).toMatchObject([{ path: '/blob', authorization: undefined }]);
  });

  it('are refused if they are images or too large', async () => {
    const registry = await start();
    registry.push(NAME, '1.0.0', packChart('web', '1.0.0'));
    const manifest = (layer: object) =>
      registry.files.set(`/v2/${NAME}/manifests/1.0.0`, JSON.stringify({ layers: [layer] }));
    const digest = `sha256:${'a'.repeat(64)}`;
    const pin = () => pinHelm(sourceOf(`127.0.0.1:${registry.port}`), contextOf([registry.port]));
    manifest({ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest, size: 1 });
    expect(await pin()).toMatchObject({ error: { code: 'sources/chart-invalid' } });
    manifest({ mediaType: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip', digest, size: 30_000_000 });
    expect(await pin()).toMatchObject({ error: { code: 'sources/source-too-large' } });
    manifest({ mediaType: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip', digest: 'sha256:../..', size: 1 });
    expect(await pin()).toMatchObject({ error: { code: 'sources/chart-invalid' } });
  });

  it.each(['../web', 'web/../..', 'web?x', 'web#x', '%2e%2e', 'Web', ''])(
    'D1: do not have the name %j',
    async (chart) => {
      const source = sourceOf('registry.acme.test:1', { chart });
      expect(await pinHelm(source, contextOf([]))).toMatchObject({ error: { code: 'sources/chart-unknown' } });
    },
  );
});
