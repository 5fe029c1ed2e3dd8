// The raw half of engine.bench.ts: helm and kubectl as anybody would call them.
import { spawnSync } from 'node:child_process';

/** Runs a program to its end. @returns milliseconds */
function timed(program: string, args: readonly string[], input?: string): number {
  const began = performance.now();
  const { status, stderr } = spawnSync(program, args, {
    maxBuffer: 64 * 1024 * 1024,
    ...(input !== undefined && { input }),
  });
  if (status !== 0) throw new Error(`${program} ${args[0]}: ${String(stderr)}`);
  return performance.now() - began;
}

/** Renders a chart archive with `helm template`. @returns milliseconds, the better of two runs */
export function helmTemplate(helm: string, archive: string): number {
  const once = () => timed(helm, ['template', 'bench', archive, '--namespace', 'bench']);
  return Math.min(once(), once());
}

/** Applies manifests with `kubectl apply --server-side` to a namespace of its own. @returns milliseconds */
export function kubectlApply(kubectl: string, kubeconfig: string, namespace: string, manifests: string): number {
  const to = ['--kubeconfig', kubeconfig];
  timed(kubectl, [...to, 'create', 'namespace', namespace]);
  return timed(kubectl, [...to, '-n', namespace, 'apply', '--server-side', '-f', '-'], manifests);
}
