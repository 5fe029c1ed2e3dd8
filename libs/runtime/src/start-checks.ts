import { pause, type Clock, type Logger } from '#kernel';
import type { StateOf } from './service-state.ts';

/** Milliseconds after which failed checks are repeated: what they need may be starting, too. */
const AGAIN_MS = 20_000;

/**
 * Logs what `admin doctor` reports of this process, if something is wrong: checks that fail twice as errors, others as
 * warnings. Never rejects.
 *
 * @param services names of the parts of this process
 * @param isStopping whether the process has begun to stop, so that nothing that is missing now is a fault
 */
export async function logStartChecks(
  services: readonly string[],
  {
    stateOf,
    clock,
    log,
    isStopping,
  }: { readonly stateOf: StateOf; readonly clock: Clock; readonly log: Logger; readonly isStopping: () => boolean },
): Promise<void> {
  const check = () => Promise.all(services.map((service) => stateOf(service, { checks: true })));
  try {
    let states = await check();
    if (states.some(({ checks, ownChecks }) => [...checks, ...ownChecks].some(({ status }) => status === 'failed'))) {
      await pause(clock, AGAIN_MS);
      if (!isStopping()) states = await check();
    }
    if (isStopping()) return;
    const shared = states
      .slice(0, 1)
      .flatMap(({ process, checks }) => checks.map((check) => [process.name, check] as const));
    const own = states.flatMap(({ service, ownChecks }) => ownChecks.map((check) => [service, check] as const));
    for (const [service, { name, status, message, fix }] of [...shared, ...own])
      if (status !== 'ok') log[status === 'failed' ? 'error' : 'warn']({ service, check: name, fix }, message);
  } catch (error) {
    log.warn({ cause: error instanceof Error ? error.name : String(error) }, 'the process could not be checked');
  }
}
