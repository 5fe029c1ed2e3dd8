// Sandbox clusters for the benchmarks: served as in the platform, each in its own thread, and in the main thread, to be
// filled and measured.
import { writeFileSync } from 'node:fs';
import { createServer as createControl, type IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setImmediate as breath, setTimeout as pause } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { openSandbox, type KubeObject, type Sandbox } from '#sandbox-cluster';
import { generate } from 'selfsigned';
import { startSandboxes, type SandboxServer } from '#sandbox-cluster/service';
import { applyAll, connect, type Address } from './sandbox.client.ts';
import { configMap, mixed, pod, text } from './sandbox.objects.ts';
import { surroundings } from './surroundings.ts';

const IN_ONE_GO = 200;

/** Bytes in use after garbage collection. */
export interface Memory {
  readonly heap: number;
  readonly rss: number;
}

/**
 * Serves sandboxes below `/ORGANIZATION`, and in addition `/-/open/ORGANIZATION`,
 * `/-/fill/ORGANIZATION/configmaps|pods/COUNT` and `/-/memory`. The folder contains certificate and tokens.
 * `/-/serve/ORGANIZATION` returns the address of one that is served as in the platform.
 * @returns the port
 */
export async function serveSandboxes(folder: string): Promise<number> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'bench' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] },
    ],
  });
  writeFileSync(join(folder, 'tls.crt'), cert);
  const sandboxes = new Map<string, Sandbox>();
  const opened = (organization: string): Sandbox => {
    const sandbox = sandboxes.get(organization) ?? openSandbox({ folder: join(folder, organization), ...surroundings });
    sandboxes.set(organization, sandbox);
    return sandbox;
  };
  let platform: Promise<SandboxServer> | undefined;
  const control = async (words: readonly string[]): Promise<Partial<Memory> | Address> => {
    const [verb, organization = '', kind, count] = words;
    if (verb === 'memory') return inUse();
    if (verb === 'serve') {
      platform ??= startSandboxes({ folder, host: '127.0.0.1', preferredPort: 0, ...surroundings });
      const { server, token, certificateAuthority } = await (await platform).connectionOf(organization);
      return { server, token, ca: certificateAuthority };
    }
    const sandbox = opened(organization);
    if (verb === 'fill') await (kind === 'pods' ? fillPods : fillConfigMaps)(sandbox, Number(count));
    return {};
  };
  const server = createServer({ cert, key }, (request, response) => {
    const [, organization = '', path = ''] = /^\/([^/]+)(\/.*)$/.exec(request.url ?? '') ?? [];
    if (organization !== '-') return void opened(organization).handle(request, response, path, `/${organization}`);
    control(path.slice(1).split('/')).then(
      (answer) => response.end(JSON.stringify(answer)),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  server.keepAliveTimeout = 90_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/**
 * Applies the mixed objects to a sandbox of another process for each request, and responds when they are applied.
 * @returns the port
 */
export async function serveApplier(address: Address): Promise<number> {
  const api = connect(address);
  let round = 0;
  const answer = async (_request: IncomingMessage): Promise<void> => applyAll(api, mixed(`load-${round++}`), 10);
  const server = createControl(
    (request, response) =>
      void answer(request).then(
        () => response.end(),
        (error: unknown) => response.writeHead(500).end(String(error)),
      ),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** Applies ConfigMaps as requests do, with a field manager. */
async function fillConfigMaps({ api }: Sandbox, count: number): Promise<void> {
  const resource = api.schemas.kind('v1', 'ConfigMap');
  if (!resource) throw new Error('no kind ConfigMap');
  for (let n = 0; n < count; n++) {
    const { body, name, namespace } = configMap(n);
    const done = api.patch({ resource, namespace, name, subresource: '' }, 'apply', body, {
      manager: 'bench',
      dryRun: false,
      fieldValidation: 'Warn',
      force: true,
    });
    if (!done.ok) throw new Error(done.error.message);
    if (n % IN_ONE_GO === 0) await breath();
  }
}

/** Stores copies of a running Pod: more than fit on the node, and without their events. */
async function fillPods({ api, store }: Sandbox, count: number): Promise<void> {
  while (!store.get({ resource: 'serviceaccounts', namespace: 'default', name: 'default' })) await breath();
  const first = api.create(pod('first').body, 'bench');
  if (!first.ok) throw new Error(first.error.message);
  const key = { resource: 'pods', namespace: 'default', name: 'first' };
  while (store.get(key)?.status?.['phase'] !== 'Running') await pause(100);
  const running = JSON.stringify(store.get(key));
  for (let n = 0; n < count; n++) {
    const copy = JSON.parse(running) as KubeObject; // written by the platform
    const name = `copy-${text(n)}`;
    store.put({ ...key, name }, { ...copy, metadata: { ...copy.metadata, name, uid: surroundings.ids.uuid() } });
    if (n % IN_ONE_GO === 0) await breath();
  }
}

async function inUse(): Promise<Memory> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void; // exposed by the flag
  for (let times = 0; times < 4; times++) {
    collect();
    await pause(50);
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed + external, rss };
}
