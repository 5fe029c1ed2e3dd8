import type { Dependency } from '#http';
import { withTimeout, type Clock } from '#kernel';
import type { Engines } from './engines.ts';

/** Milliseconds after which a store counts as unavailable. Probes wait for a second or two. */
const TIMEOUT_MS = 1_000;
/** Milliseconds for which a result is used for all callers. */
const CACHE_MS = 500;
/** A name under which nothing is stored. */
const NOTHING = 'readiness';

/**
 * Checks whether read store, vault, and work queue respond, each with a request that changes nothing. A process is ready
 * without them: requests that need none of them succeed, and others fail as unavailable.
 */
export function watchStores(
  { readStore, vault, queue }: Pick<Engines, 'readStore' | 'vault' | 'queue'>,
  clock: Clock,
): () => Promise<readonly Dependency[]> {
  const checks = [
    ...(readStore ? [() => check('read store', readStore.checkpoint(NOTHING), clock)] : []),
    ...(vault ? [() => check('vault', vault.get(NOTHING), clock)] : []),
    ...(queue ? [() => check('work queue', queue.ping(), clock)] : []),
  ];
  let last: Promise<readonly Dependency[]> | undefined;
  let checkedMs = 0;
  return () => {
    if (!last || clock.monotonic() - checkedMs > CACHE_MS) {
      checkedMs = clock.monotonic();
      last = Promise.all(checks.map((one) => one()));
    }
    return last;
  };
}

async function check(name: string, answer: Promise<unknown>, clock: Clock): Promise<Dependency> {
  const checked = answer.then(() => undefined, codeOf);
  const fault = await withTimeout(clock, TIMEOUT_MS, checked, () => 'does not respond');
  return { name, ok: fault === undefined, required: false, ...(fault !== undefined && { detail: fault }) };
}

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'fails';
