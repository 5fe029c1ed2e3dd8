import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Clock, Ids, Logger } from '#kernel';
import { kubernetesSchemas } from '#kubernetes/schemas';
import { createHttpApi } from './api/http-api.ts';
import { WriteApi } from './api/write-api.ts';
import { quotaAdmission, sandboxControllers, simulatedLogs } from './controllers/index.ts';
import type { Controller, PodLogs } from './controller.ts';
import { openStore } from './memory-store.ts';
import { runControllers, type ControllerRunner } from './runner.ts';
import { seed } from './seed.ts';
import type { Store } from './store.ts';
import { writeWhole } from './write-whole.ts';

export interface SandboxOptions {
  /** State lies here; made when it is missing. */
  readonly folder: string;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Logger;
  /** Makes the control loops of one sandbox; the built-in ones when left out. */
  readonly controllers?: () => readonly Controller[];
  readonly logs?: PodLogs;
}

/** One simulated cluster. */
export interface Sandbox {
  readonly store: Store;
  readonly api: WriteApi;
  readonly runner: ControllerRunner;
  /** Bearer token of the owner. */
  readonly token: string;
  /** UID of the namespace kube-system: the cluster's identity. */
  readonly uid: string;
  /**
   * Answers one request.
   * @param url path and query from the server's root on
   * @param prefix what stands before that root in the address, without a slash at its end
   */
  handle(request: IncomingMessage, response: ServerResponse, url: string, prefix: string): Promise<void>;
  /** Ends streams and controllers, and gives the files up. */
  close(): Promise<void>;
}

/** Opens a sandbox; a new one gets its namespaces, its node and what every cluster has. */
export function openSandbox({ folder, clock, ids, log, controllers = sandboxControllers, logs = simulatedLogs }: SandboxOptions): Sandbox {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const token = tokenIn(folder);
  const schemas = kubernetesSchemas();
  const store = openStore({ folder, log });
  const api = new WriteApi(store, schemas, clock, ids, quotaAdmission());
  seed(api);
  const runner = runControllers(controllers(), api, { clock, log });
  runner.start();
  const closing = new AbortController();
  const answer = createHttpApi({ api, schemas, clock, log, token, closing: closing.signal, logs });
  return {
    store,
    api,
    runner,
    token,
    uid: store.get({ resource: 'namespaces', namespace: '', name: 'kube-system' })?.metadata.uid ?? '',
    handle: answer,
    async close() {
      closing.abort();
      runner.stop();
      await store.close();
    },
  };
}

function tokenIn(folder: string): string {
  const file = join(folder, 'token');
  if (!existsSync(file)) writeWhole(file, `sandbox-${randomBytes(32).toString('base64url')}`);
  return readFileSync(file, 'utf8').trim();
}
