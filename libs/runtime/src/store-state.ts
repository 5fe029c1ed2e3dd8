import type { Dependency } from '#http';
import { pause, type Clock } from '#kernel';
import type { Engines } from './engines.ts';

/** Milliseconds after which a store counts as unavailable. Probes wait for a second or two. */
const ANSWER_MS = 1_000;
/** Milliseconds for which a result is used for all callers. */
const LOOK_MS = 500;
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
  const looks = [
    ...(readStore ? [() => look('read store', readStore.checkpoint(NOTHING), clock)] : []),
    ...(vault ? [() => look('vault', vault.get(NOTHING), clock)] : []),
    ...(queue ? [() => look('work queue', queue.ping(), clock)] : []),
  ];
  let last: Promise<readonly Dependency[]> | undefined;
  let lookedMs = 0;
  return () => {
    if (!last || clock.monotonic() - lookedMs > LOOK_MS) {
      lookedMs = clock.monotonic();
      last = Promise.all(looks.map((one) => one()));
    }
    return last;
  };
}

async function look(name: string, answer: Promise<unknown>, clock: Clock): Promise<Dependency> {
  const limit = new AbortController();
  const late = pause(clock, ANSWER_MS, limit.signal).then(() => 'does not respond');
  const fault = await Promise.race([answer.then(() => undefined, codeOf), late]);
  limit.abort();
  return { name, ok: fault === undefined, required: false, ...(fault !== undefined && { detail: fault }) };
}

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'fails';
