export { GIT_VERSION } from './api/discovery.ts';
export type {
  ApiStatus,
  Cluster,
  Controller,
  EventText,
  LogLine,
  PodLogs,
  Propagation,
  Requeue,
  Watch,
} from './controller.ts';
export { createSandboxes, openSandbox, type Sandbox, type Sandboxes, type SandboxOptions } from './sandbox.ts';
export type { Change, KubeObject, ListFilter, ObjectKey, Store, StoreReader } from './store.ts';
export { writeWhole } from './write-whole.ts';
