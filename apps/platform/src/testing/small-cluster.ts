import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A test server on loopback. */
export interface SmallCluster {
  readonly url: string;
  readonly port: number;
  /** Requested paths. */
  readonly seen: readonly string[];
  close(): Promise<void>;
}

const ANSWERS: Readonly<Record<string, object>> = {
  'GET /version': { gitVersion: 'v1.36.0' },
  'GET /api/v1/namespaces/kube-system': {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'kube-system', uid: '0193f2a4-11de-7a90-b6c7-2f8f0b6d9c77' },
  },
  'GET /api/v1/nodes': { metadata: { resourceVersion: '1' }, items: [{ metadata: { name: 'one' } }] },
  'POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews': { status: { allowed: true } },
};

/** Starts a cluster that serves only what a registration needs, and 404 for all else. */
export async function startSmallCluster(): Promise<SmallCluster> {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    const [path = ''] = (request.url ?? '').split('?');
    seen.push(path);
    const found = ANSWERS[`${request.method} ${path}`];
    request.resume();
    response
      .writeHead(found ? 200 : 404, { 'content-type': 'application/json' })
      .end(JSON.stringify(found ?? { kind: 'Status', code: 404, reason: 'NotFound', message: 'not found' }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // the address of a TCP server
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    seen,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
