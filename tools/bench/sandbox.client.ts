import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { JsonObject } from '#kernel';
import { parse } from 'yaml';
import type { Applied } from './sandbox.objects.ts';

/** Address and credential of a Kubernetes API. */
export interface Address {
  readonly server: string;
  readonly token: string;
  /** PEM. */
  readonly ca: string;
}

/** A watch. */
export interface Watching {
  /** Resolves with the time when `lines` more lines have arrived. */
  waitForLines(lines: number): Promise<number>;
  end(): void;
}

export type Api = ReturnType<typeof connect>;

const POLL_MS = 100;

/** Returns the address of a sandbox of serving.ts. */
export function sandboxAt(folder: string, port: number, organization: string): Address {
  return {
    server: `https://127.0.0.1:${port}/${organization}`,
    token: readFileSync(join(folder, organization, 'token'), 'utf8').trim(),
    ca: certificateIn(folder),
  };
}

export const certificateIn = (folder: string): string => readFileSync(join(folder, 'tls.crt'), 'utf8');

/** Returns the server of a kubeconfig with a token. */
export function serverOf(kubeconfig: string): Address {
  const { clusters, users } = parse(readFileSync(kubeconfig, 'utf8')) as {
    readonly clusters: readonly [
      { readonly cluster: { readonly server: string; readonly 'certificate-authority-data': string } },
    ];
    readonly users: readonly [{ readonly user: { readonly token: string } }];
  };
  const { server, 'certificate-authority-data': ca } = clusters[0].cluster;
  return { server, token: users[0].user.token, ca: Buffer.from(ca, 'base64').toString('utf8') };
}

/**
 * Returns a client with persistent connections. Bodies are read completely, but not parsed. Responses other than
 * success throw.
 */
export function connect({ server, token, ca }: Address) {
  const agent = new Agent({ keepAlive: true, maxSockets: 64, ca });

  const open = (method: string, path: string, body?: JsonObject): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const type = method === 'PATCH' ? 'application/apply-patch+yaml' : 'application/json';
      const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
      const headers = {
        authorization: `Bearer ${token}`,
        'user-agent': 'bench/1',
        accept: 'application/json',
        ...(bytes && { 'content-type': type, 'content-length': bytes.length }),
      };
      request(`${server}${path}`, { agent, method, headers }, resolve).once('error', reject).end(bytes);
    });

  async function ask(method: string, path: string, body?: JsonObject): Promise<Buffer> {
    const response = await open(method, path, body);
    const bytes = await wholeOf(response);
    if ((response.statusCode ?? 0) >= 300)
      throw new Error(`${method} ${path}: ${response.statusCode} ${bytes.toString('utf8').slice(0, 300)}`);
    return bytes;
  }

  return {
    ask,
    read: async (path: string): Promise<JsonObject> =>
      JSON.parse((await ask('GET', path)).toString('utf8')) as JsonObject,
    apply: ({ path, body }: Applied) => ask('PATCH', `${path}?fieldManager=bench&force=true`, body),
    async watch(path: string): Promise<Watching> {
      const response = await open('GET', path);
      if (response.statusCode !== 200) throw new Error(`watch of ${path}: ${response.statusCode}`);
      let come = 0;
      let wanted: { readonly lines: number; readonly resolve: (at: number) => void } | undefined;
      const look = (): void => {
        if (!wanted || come < wanted.lines) return;
        come -= wanted.lines;
        wanted.resolve(performance.now());
        wanted = undefined;
      };
      response.on('error', () => {}); // aborted by end()
      response.on('data', (part: Buffer) => {
        for (let at = part.indexOf(10); at >= 0; at = part.indexOf(10, at + 1)) come += 1;
        look();
      });
      return {
        waitForLines: (lines) =>
          new Promise((resolve) => {
            wanted = { lines, resolve };
            look();
          }),
        end: () => void response.destroy(),
      };
    },
    close: () => agent.destroy(),
  };
}

function wholeOf(response: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    response.on('data', (part: Buffer) => parts.push(part));
    response.once('end', () => resolve(Buffer.concat(parts)));
    response.once('error', reject);
  });
}

const namespacePath = (namespace: string): string => `/api/v1/namespaces/${namespace}`;

/** Applies all objects, `inFlight` concurrently, into a new namespace. */
export async function applyAll(api: Api, objects: readonly Applied[], inFlight: number): Promise<void> {
  const [{ namespace } = { namespace: 'default' }] = objects;
  await api.apply({
    path: namespacePath(namespace),
    namespace: '',
    name: namespace,
    body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
  });
  const left = objects.values();
  const one = async (): Promise<void> => {
    for (const object of left) await api.apply(object);
  };
  await Promise.all(Array.from({ length: inFlight }, one));
}

/**
 * Waits until the Deployments of a namespace are rolled out, deletes it, and waits until it is deleted, so that the
 * next measurement starts with an idle server.
 */
export async function comeToRest(api: Api, namespace: string, deployments: number): Promise<void> {
  for (;;) {
    const { items } = (await api.read(`/apis/apps/v1/namespaces/${namespace}/deployments`)) as {
      items?: readonly { readonly status?: { readonly availableReplicas?: number } }[];
    };
    if ((items ?? []).filter(({ status }) => status?.availableReplicas === 1).length === deployments) break;
    await pause(POLL_MS);
  }
  await api.ask('DELETE', namespacePath(namespace));
  for (;;) {
    const { items } = (await api.read(`/api/v1/namespaces?fieldSelector=metadata.name%3D${namespace}`)) as {
      items?: readonly unknown[];
    };
    if ((items ?? []).length === 0) return;
    await pause(POLL_MS);
  }
}
