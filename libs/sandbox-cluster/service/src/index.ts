import type { ContextService } from '#runtime';
import { SandboxClusterModule, sandboxProviders, SANDBOXES } from './sandbox-cluster.module.ts';
import type { SandboxServer } from './sandboxes.service.ts';

/** Serves the sandbox clusters of all organizations, ready to be composed into a process. */
export const sandboxClusterService: ContextService = {
  name: 'sandbox-cluster',
  module: SandboxClusterModule,
  engines: [],
  deciders: [],
  projections: [],
  reactors: [],
  sweeps: [],
  providers: sandboxProviders,
  ready: (app) => app.get<SandboxServer>(SANDBOXES).serving,
};

export { startSandboxes, type SandboxServer } from './sandboxes.service.ts';
