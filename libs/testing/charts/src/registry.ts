import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { startFileServer, type FileServer } from './file-server.ts';
import type { TestCertificate } from './test-authority.ts';

export interface RegistryOptions {
  readonly tls?: TestCertificate;
  /** `user:password`, which the token server of the registry requires. Absent: everybody may read. */
  readonly login?: string;
  /** URL of the token server; by default, `/token` of the registry itself. */
  readonly realm?: string;
  /** Tags in each page of a list; 100 by default. */
  readonly pageSize?: number;
}

/** The part of the OCI Distribution API with which images are pulled, with token authentication. */
export interface Registry extends Pick<FileServer, 'port' | 'requests' | 'files' | 'close'> {
  /** Pushes a chart. @returns the digest of its archive */
  push(name: string, version: string, archive: Uint8Array): string;
}

const CONFIG = 'application/vnd.cncf.helm.config.v1+json';
const LAYER = 'application/vnd.cncf.helm.chart.content.v1.tar+gzip';
const digestOf = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** Starts a registry on 127.0.0.1. */
export async function startRegistry({ tls, login, realm, pageSize = 100 }: RegistryOptions = {}): Promise<Registry> {
  const server = await startFileServer(tls ? { tls } : {});
  const own = `${tls ? 'https' : 'http'}://127.0.0.1:${server.port}/token`;
  const tagsOf = new Map<string, string[]>();
  const tokenOf = (name: string): string => `token-for-${name.replaceAll('/', '-')}`;

  const guarded =
    (name: string, answer: (request: IncomingMessage, response: ServerResponse) => void) =>
    (request: IncomingMessage, response: ServerResponse): void => {
      if (login === undefined || request.headers.authorization === `Bearer ${tokenOf(name)}`)
        return answer(request, response);
      const host = request.headers.host ?? '';
      const server = realm ?? own.replace(/\/\/[^/]*/, `//${host}`);
      const challenge = `Bearer realm="${server}",service="${host}",scope="repository:${name}:pull"`;
      response.writeHead(401, { 'www-authenticate': challenge }).end('{"errors":[{"code":"UNAUTHORIZED"}]}');
    };

  server.files.set('/v2/', (_, response) => void response.writeHead(200).end('{}'));
  server.files.set('/token', (request, response) => {
    const expected = `Basic ${Buffer.from(login ?? '').toString('base64')}`;
    if (request.headers.authorization !== expected) return void response.writeHead(401).end('{}');
    const [, name = ''] = /scope=repository%3A(.+)%3Apull/.exec(request.url ?? '') ?? [];
    response.writeHead(200).end(JSON.stringify({ token: tokenOf(decodeURIComponent(name)) }));
  });

  const list = (name: string) => (request: IncomingMessage, response: ServerResponse) => {
    const tags = tagsOf.get(name) ?? [];
    const last = /[?&]last=([^&]+)/.exec(request.url ?? '')?.[1];
    const from = last === undefined ? 0 : tags.indexOf(decodeURIComponent(last)) + 1;
    const page = tags.slice(from, from + pageSize);
    const next = `</v2/${name}/tags/list?n=${pageSize}&last=${encodeURIComponent(page.at(-1) ?? '')}>; rel="next"`;
    response
      .writeHead(200, from + pageSize < tags.length ? { link: next } : {})
      .end(JSON.stringify({ name, tags: page }));
  };

  return {
    port: server.port,
    requests: server.requests,
    files: server.files,
    close: () => server.close(),
    push(name, version, archive) {
      const tag = version.replaceAll('+', '_');
      tagsOf.set(name, [...(tagsOf.get(name) ?? []).filter((each) => each !== tag), tag]);
      const digest = digestOf(archive);
      const manifest = JSON.stringify({
        schemaVersion: 2,
        config: { mediaType: CONFIG, digest: digestOf(Buffer.from('{}')), size: 2 },
        layers: [{ mediaType: LAYER, digest, size: archive.length }],
      });
      const send = (body: string | Uint8Array, type: string) =>
        guarded(name, (_, response) => void response.writeHead(200, { 'content-type': type }).end(body));
      server.files.set(`/v2/${name}/tags/list`, guarded(name, list(name)));
      server.files.set(`/v2/${name}/manifests/${tag}`, send(manifest, 'application/vnd.oci.image.manifest.v1+json'));
      server.files.set(`/v2/${name}/blobs/${digest}`, send(archive, 'application/octet-stream'));
      return digest;
    },
  };
}
