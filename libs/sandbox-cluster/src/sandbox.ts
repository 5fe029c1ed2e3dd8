import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { makePrivateFolder, writePrivateFile } from '#files';
import type { Clock, Ids, Logger } from '#kernel';
import { customKinds, growingSchemas, kubernetesSchemas, type GrowingSchemas } from '#kubernetes/schemas';
import { HttpApi } from './api/http-api.ts';
import { WriteApi } from './api/write-api.ts';
import { quotaAdmission, sandboxControllers, simulatedLogs } from './controllers/index.ts';
import { DEFINITIONS, isEstablished } from './controllers/custom-kinds.ts';
import type { Controller, PodLogs } from './controller.ts';
import { openStore } from './memory-store.ts';
import { runControllers, type ControllerRunner } from './runner.ts';
import { seed } from './seed.ts';
import type { Store } from './store.ts';

export interface SandboxOptions {
  /** Folder of the state. Created if missing. */
  readonly folder: string;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Logger;
  /** Creates the controllers of one sandbox; the built-in ones by default. */
  readonly controllers?: () => readonly Controller[];
  readonly logs?: PodLogs;
  /** Maximum number of nodes. Nodes are added when pods need them. */
  readonly mostNodes?: number;
}

/** A simulated cluster. */
export interface Sandbox {
  readonly store: Store;
  readonly api: WriteApi;
  readonly runner: ControllerRunner;
  /** Bearer token of the owner. */
  readonly token: string;
  /** UID of the namespace kube-system: the cluster's identity. */
  readonly uid: string;
  /** Number of open watches and log streams. */
  readonly openStreams: number;
  /**
   * Handles a request.
   * @param url path and query, relative to the server's root
   * @param prefix part of the address before that root, without a trailing slash
   */
  handle(request: IncomingMessage, response: ServerResponse, url: string, prefix: string): Promise<void>;
  /** Ends streams and controllers, and closes the files. */
  close(): Promise<void>;
}

/** Opens a sandbox. A new one is created with the namespaces, node, and default objects of a cluster. */
export function openSandbox({
  folder,
  clock,
  ids,
  log,
  mostNodes,
  controllers = () => sandboxControllers(mostNodes),
  logs = simulatedLogs,
}: SandboxOptions): Sandbox {
  makePrivateFolder(folder);
  const token = tokenIn(folder);
  const store = openStore({ folder, log });
  const schemas = growingSchemas(kubernetesSchemas());
  serveCustomKinds(store, schemas);
  const api = new WriteApi(store, schemas, clock, ids, quotaAdmission());
  seed(api);
  const runner = runControllers(controllers(), api, { clock, log });
  runner.start();
  const closing = new AbortController();
  const http = new HttpApi({ api, schemas, clock, log, token, closing: closing.signal, logs });
  let open = 0;
  return {
    store,
    api,
    runner,
    token,
    uid: store.get({ resource: 'namespaces', namespace: '', name: 'kube-system' })?.metadata.uid ?? '',
    get openStreams() {
      return open;
    },
    async handle(request, response, url, prefix) {
      open += 1;
      response.once('close', () => (open -= 1));
      await http.handle(request, response, url, prefix);
    },
    async close() {
      closing.abort();
      runner.stop();
      await store.close();
    },
  };
}

/** Serves the kinds of established definitions as soon as the store contains them. */
function serveCustomKinds(store: Store, schemas: GrowingSchemas): void {
  const serve = (): void => schemas.serve(store.list(DEFINITIONS).filter(isEstablished).map(customKinds));
  serve();
  store.subscribe(({ type, object, previous }) => {
    const isSame =
      type === 'MODIFIED' &&
      previous?.spec === object.spec &&
      previous &&
      isEstablished(previous) === isEstablished(object);
    if (!isSame) serve();
  }, DEFINITIONS);
}

function tokenIn(folder: string): string {
  const file = join(folder, 'token');
  if (!existsSync(file)) writePrivateFile(file, `sandbox-${randomBytes(32).toString('base64url')}`);
  return readFileSync(file, 'utf8').trim();
}

export interface Sandboxes {
  /** Returns the sandbox of an organization, opening or creating it on first use. */
  of(organizationId: string): Sandbox;
  close(): Promise<void>;
}

const LOOK_MS = 60_000;

/**
 * Manages one sandbox for each organization. A sandbox is unloaded after `idleMs` milliseconds without use; 600,000 by
 * default.
 */
export function createSandboxes(options: SandboxOptions & { readonly idleMs?: number }): Sandboxes {
  const { folder, clock, idleMs = 600_000 } = options;
  const loaded = new Map<string, { readonly sandbox: Sandbox; usedMs: number }>();
  let timer = clock.timer(LOOK_MS, unload);

  function unload(): void {
    for (const [id, { sandbox, usedMs }] of loaded) {
      if (sandbox.openStreams > 0 || clock.monotonic() - usedMs < idleMs) continue;
      loaded.delete(id);
      void sandbox.close();
    }
    timer = clock.timer(LOOK_MS, unload);
  }
  const folderOf = (organizationId: string): string => {
    if (!/^[0-9a-zA-Z-]{1,64}$/.test(organizationId)) throw new RangeError('not the id of an organization');
    return join(folder, organizationId);
  };
  return {
    of(organizationId) {
      const known = loaded.get(organizationId);
      if (known) {
        known.usedMs = clock.monotonic();
        return known.sandbox;
      }
      const sandbox = openSandbox({ ...options, folder: folderOf(organizationId) });
      loaded.set(organizationId, { sandbox, usedMs: clock.monotonic() });
      return sandbox;
    },
    async close() {
      timer.cancel();
      await Promise.all([...loaded.values()].map(({ sandbox }) => sandbox.close()));
      loaded.clear();
    },
  };
}
