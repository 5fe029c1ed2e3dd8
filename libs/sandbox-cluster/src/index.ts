export { createSandboxes, openSandbox, type Sandbox } from './sandbox.ts';
export type { KubeObject } from './store.ts';
