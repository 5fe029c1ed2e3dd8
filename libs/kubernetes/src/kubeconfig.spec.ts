import { generateKeyPairSync, sign, X509Certificate } from 'node:crypto';
import { readKubeconfig } from './kubeconfig.ts';

/** Encodes one element of DER: tag, length, and content. */
function der(tag: number, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const length =
    body.length < 128
      ? Buffer.from([body.length])
      : body.length < 256
        ? Buffer.from([0x81, body.length])
        : Buffer.from([0x82, body.length >> 8, body.length & 255]);
  return Buffer.concat([Buffer.from([tag]), length, body]);
}

/** Creates a self-signed certificate with a new key, valid until the end of 2049. */
function selfSigned() {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const ecdsaSha256 = der(0x30, Buffer.from('06082a8648ce3d040302', 'hex'));
  const name = der(0x30, der(0x31, der(0x30, Buffer.from('0603550403', 'hex'), der(0x0c, Buffer.from('test')))));
  const validity = der(0x30, der(0x17, Buffer.from('250101000000Z')), der(0x17, Buffer.from('491231235959Z')));
  const body = der(
    0x30,
    der(0x02, Buffer.from([1])),
    ecdsaSha256,
    name,
    validity,
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
  );
  const certificate = der(0x30, body, ecdsaSha256, der(0x03, Buffer.from([0]), sign('sha256', body, privateKey)));
  return {
    certificate: new X509Certificate(certificate).toString(),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const { certificate, key } = selfSigned();

interface Parts {
  readonly cluster?: object;
  readonly user?: object;
  readonly contexts?: readonly object[];
}

const config = ({
  cluster = {},
  user = { token: 'secret-token' },
  contexts = [{ name: 'dev', context: { cluster: 'c', user: 'u' } }],
}: Parts = {}): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: 'https://k8s.example.com:6443', ...cluster } }],
    users: [{ name: 'u', user }],
    contexts,
  });

const detail = (text: string, context?: string): string => {
  const read = readKubeconfig(text, context);
  return read.ok ? 'accepted' : read.error.detail;
};

describe('a kubeconfig', () => {
  it('contains address, CA, and token, and nothing else is read', () => {
    expect(
      readKubeconfig(
        config({
          cluster: { 'certificate-authority-data': base64(certificate), 'tls-server-name': 'kubernetes' },
          contexts: [{ name: 'dev', context: { cluster: 'c', user: 'u', namespace: 'shop' } }],
        }),
      ),
    ).toEqual({
      ok: true,
      value: {
        context: 'dev',
        server: 'https://k8s.example.com:6443',
        ca: certificate,
        tlsServerName: 'kubernetes',
        namespace: 'shop',
        credential: { token: 'secret-token' },
      },
    });
  });

  it('contains a client certificate, whose expiry is returned', () => {
    expect(
      readKubeconfig(
        config({ user: { 'client-certificate-data': base64(certificate), 'client-key-data': base64(key) } }),
      ),
    ).toMatchObject({
      ok: true,
      value: { credential: { clientCertificate: certificate, clientKey: key }, expiresAt: '2049-12-31T23:59:59.000Z' },
    });
  });

  it('may be YAML with unquoted scalars', () => {
    expect(
      readKubeconfig(
        'clusters: [{name: c, cluster: {server: "https://1.2.3.4"}}]\nusers: [{name: u, user: {token: abc}}]\ncontexts: [{name: dev, context: {cluster: c, user: u}}]\ncurrent-context: dev',
      ),
    ).toMatchObject({ ok: true });
  });
});

describe('E9: readKubeconfig', () => {
  it.each([
    ['users[0].user.exec', { user: { exec: { command: '/bin/sh' } } }],
    ['users[0].user.auth-provider', { user: { 'auth-provider': { name: 'gcp', config: { 'cmd-path': '/bin/sh' } } } }],
    ['users[0].user.tokenFile', { user: { tokenFile: '/etc/passwd' } }],
    ['users[0].user.token-file', { user: { 'token-file': '/etc/passwd' } }],
    ['users[0].user.client-certificate', { user: { 'client-certificate': '/etc/passwd' } }],
    ['users[0].user.client-key', { user: { 'client-key': '/etc/passwd' } }],
    ['users[0].user.username', { user: { username: 'a', password: 'b' } }],
    ['users[0].user.as', { user: { token: 't', as: 'system:admin' } }],
    ['clusters[0].cluster.certificate-authority', { cluster: { 'certificate-authority': '/etc/passwd' } }],
    ['clusters[0].cluster.insecure-skip-tls-verify', { cluster: { 'insecure-skip-tls-verify': true } }],
    ['clusters[0].cluster.proxy-url', { cluster: { 'proxy-url': 'http://evil.example' } }],
    ['clusters[0].cluster.something-new', { cluster: { 'something-new': 1 } }],
  ])('refuses the field %s by its name', (field, parts) =>
    expect(detail(config(parts))).toContain(`${field} is not accepted`),
  );

  it('refuses a field even in a user that the context does not name', () => {
    const text = JSON.parse(config()) as { users: object[] };
    text.users.push({ name: 'other', user: { exec: { command: 'sh' } } });
    expect(detail(JSON.stringify(text))).toContain('users[1].user.exec');
  });

  it('requires the name of a context if there are 20', () => {
    const contexts = Array.from({ length: 20 }, (_, index) => ({
      name: `c${index}`,
      context: { cluster: 'c', user: 'u' },
    }));
    expect(readKubeconfig(config({ contexts }))).toMatchObject({
      ok: false,
      error: { code: 'clusters/invalid-kubeconfig', kind: 'invalid', fix: expect.stringContaining('--context') },
    });
    expect(readKubeconfig(config({ contexts }), 'c7')).toMatchObject({ ok: true, value: { context: 'c7' } });
    expect(detail(config({ contexts }), 'c99')).toContain('no context c99');
  });

  it.each([
    ['plain http to a remote host', 'http://k8s.example.com'],
    ['a user in the address', 'https://a:b@k8s.example.com'],
    ['a query', 'https://k8s.example.com/?x=1'],
    ['another scheme', 'file:///etc/passwd'],
    ['not a URL', 'k8s'],
  ])('refuses an address: %s', (_, server) => expect(detail(config({ cluster: { server } }))).toContain('server:'));

  it.each([
    ['a CA that is not PEM', { cluster: { 'certificate-authority-data': base64('nothing') } }],
    [
      'a key that does not match the certificate',
      { user: { 'client-certificate-data': base64(certificate), 'client-key-data': base64(selfSigned().key) } },
    ],
    ['a certificate without key', { user: { 'client-certificate-data': base64(certificate) } }],
    ['a token and a certificate', { user: { token: 't', 'client-certificate-data': base64(certificate) } }],
    ['a token that contains a line break', { user: { token: 'a\r\nX-Evil: 1' } }],
    ['no credential', { user: {} }],
  ])('refuses a connection with %s', (_, parts) => expect(detail(config(parts))).not.toBe('accepted'));

  it.each([
    ['more than 64 kB', 'x'.repeat(65 * 1024)],
    ['aliases', 'a: &a 1\nb: *a'],
    ['two documents', `${config()}\n---\n${config()}`],
    ['a list', '[]'],
    ['empty', ''],
  ])('refuses a text: %s', (_, text) => expect(detail(text)).not.toBe('accepted'));

  it('does not quote secrets in its message', () =>
    expect(detail(config({ user: { token: 'hunter2', exec: { command: 'hunter2' } } }))).not.toContain('hunter2'));
});
