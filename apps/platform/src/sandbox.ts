import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { createServer } from 'node:https';
import { join } from 'node:path';
import type { SandboxClusters } from '#deployments/contract';
import type { Clock, Logger } from '#kernel';
import { claimPort, StartError } from '#runtime';
import { writeWhole } from '#sandbox-cluster';
import { generate } from 'selfsigned';
import { HOST } from './host.ts';
import { relay } from './relay.ts';
import { placeOf, PREFIX, refuseStranger, sayAway } from './sandbox-paths.ts';
import { sandboxThreads } from './sandbox-threads.ts';

export interface SandboxServer {
  readonly clusters: SandboxClusters;
  readonly url: string;
  close(): Promise<void>;
}

export interface SandboxServerOptions {
  /** The data folder. */
  readonly folder: string;
  /** Tried first at the first start. */
  readonly preferredPort: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** See {@link sandboxThreads}. */
  readonly program?: string;
}

const CERTIFICATE_DAYS = 3_650;

/**
 * Serves the sandbox clusters of all organizations over TLS on a port of their own, each below its path: kubectl sends no
 * token without TLS. Certificate and port are made once and kept in the data folder. The clusters themselves live in threads.
 */
export async function startSandboxes({ folder: data, preferredPort, ...options }: SandboxServerOptions): Promise<SandboxServer> {
  const { log } = options;
  const folder = join(data, 'sandbox');
  const clusters = join(folder, 'clusters');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { certificate, key } = await certificateIn(folder);
  const port = await portIn(folder, preferredPort);
  const threads = sandboxThreads({ ...options, folder: clusters });
  const agent = new Agent({ keepAlive: true });
  const server = createServer({ cert: certificate, key }, (request, response) => {
    const organizationId = placeOf(request.url)?.organizationId;
    if (organizationId === undefined || !(threads.has(organizationId) || existsSync(join(clusters, organizationId)))) return refuseStranger(response);
    const fail = (error: unknown): void => {
      log.warn({ organizationId, err: String(error) }, 'a sandbox did not answer');
      sayAway(response);
    };
    threads.use(organizationId).then(({ sandbox, release }) => {
      if (response.closed) return release();
      response.once('close', release);
      relay(request, response, { port: sandbox.port, agent, fail });
    }, fail);
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
      async connectionOf(organizationId) {
        const { sandbox, release } = await threads.use(organizationId);
        release();
        return { server: `${url}/${organizationId}`, token: sandbox.token, uid: sandbox.uid, certificateAuthority: certificate };
      },
    },
    async close() {
      await threads.close();
      agent.destroy();
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
