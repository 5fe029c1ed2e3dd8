import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { join } from 'node:path';
import type { SandboxClusters } from '#deployments/contract';
import type { Clock, Ids, Logger } from '#kernel';
import { claimPort, StartError } from '#runtime';
import { createSandboxes, writeWhole } from '#sandbox-cluster';
import { generate } from 'selfsigned';

export interface SandboxServer {
  readonly clusters: SandboxClusters;
  readonly url: string;
  close(): Promise<void>;
}

const HOST = '127.0.0.1';
const PREFIX = '/sandbox';
const CERTIFICATE_DAYS = 3_650;

/**
 * Serves the sandbox clusters of all organizations over TLS on a port of their own, each below its path: kubectl sends no
 * token without TLS. Certificate and port are made once and kept in the data folder.
 * @param preferredPort tried first at the first start
 */
export async function startSandboxes(options: {
  readonly folder: string;
  readonly preferredPort: number;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Logger;
}): Promise<SandboxServer> {
  const { folder: data, preferredPort, clock, ids, log } = options;
  const folder = join(data, 'sandbox');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { certificate, key } = await certificateIn(folder);
  const port = await portIn(folder, preferredPort);
  const sandboxes = createSandboxes({ folder: join(folder, 'clusters'), clock, ids, log });
  const server = createServer({ cert: certificate, key }, (request, response) => {
    const [, organizationId, path] = /^\/sandbox\/([0-9a-zA-Z-]{1,64})(\/.*|\?.*|)$/.exec(request.url ?? '') ?? [];
    // A path that is no sandbox's answers as one with a wrong token does: nobody learns which organizations there are.
    if (organizationId === undefined || path === undefined || !sandboxes.exists(organizationId)) {
      response
        .writeHead(401, { 'content-type': 'application/json' })
        .end(JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: 'Unauthorized', reason: 'Unauthorized', code: 401 }));
      return;
    }
    void sandboxes.of(organizationId).handle(request, response, path === '' ? '/' : path, `${PREFIX}/${organizationId}`);
  });
  server.keepAliveTimeout = 90_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, HOST, resolve);
  });
  const url = `https://${HOST}:${port}${PREFIX}`;
  return {
    url,
    clusters: {
      connectionOf(organizationId) {
        const { token, uid } = sandboxes.of(organizationId);
        return Promise.resolve({ server: `${url}/${organizationId}`, token, uid, certificateAuthority: certificate });
      },
    },
    async close() {
      await sandboxes.close();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function certificateIn(folder: string): Promise<{ readonly certificate: string; readonly key: string }> {
  const files = { certificate: join(folder, 'tls.crt'), key: join(folder, 'tls.key') };
  if (!existsSync(files.certificate) || !existsSync(files.key)) {
    const notAfterDate = new Date(Date.now() + CERTIFICATE_DAYS * 86_400_000);
    const made = await generate([{ name: 'commonName', value: 'astro-sandbox' }], {
      keyType: 'ec',
      curve: 'P-256',
      algorithm: 'sha256',
      notAfterDate,
      extensions: [
        { name: 'basicConstraints', cA: true, critical: true },
        { name: 'keyUsage', digitalSignature: true, keyCertSign: true, critical: true },
        { name: 'extKeyUsage', serverAuth: true },
        {
          name: 'subjectAltName',
          altNames: [
            { type: 7, ip: HOST },
            { type: 2, value: 'localhost' },
          ],
        },
      ],
    });
    writeWhole(files.key, made.private);
    writeWhole(files.certificate, made.cert);
  }
  return { certificate: readFileSync(files.certificate, 'utf8'), key: readFileSync(files.key, 'utf8') };
}

/** The port of the last start while it is free, so that addresses in kubeconfigs stay right. */
async function portIn(folder: string, preferred: number): Promise<number> {
  const file = join(folder, 'port');
  const before = existsSync(file) ? Number(readFileSync(file, 'utf8')) : preferred;
  const port = await claimPort(before, HOST).catch((error: unknown) => (error instanceof StartError ? claimPort(0, HOST) : Promise.reject(error)));
  writeWhole(file, String(port));
  return port;
}
