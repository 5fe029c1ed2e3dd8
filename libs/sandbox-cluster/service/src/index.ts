import { recordRefusalsRequest } from '#audit/contract';
import type { ContextService } from '#runtime';
import { SandboxClusterModule } from './sandbox-cluster.module.ts';
import { SANDBOXES, type SandboxServer } from './sandboxes.service.ts';

/** Serves the sandbox clusters of all organizations. A context service without an event log. */
export const sandboxClusterService: ContextService = {
  name: 'sandbox-cluster',
  module: SandboxClusterModule,
  engines: [],
  calls: [recordRefusalsRequest],
  deciders: [],
  projections: [],
  reactors: [],
  sweeps: [],
  ready: (app) => app.get<SandboxServer>(SANDBOXES, { strict: false }).serving,
};

export { startSandboxes, type SandboxServer } from './sandboxes.service.ts';
