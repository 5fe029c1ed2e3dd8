import { eventually, startApp } from '#testing';

/**
 * Runs the checker as a process of its own until it finds nothing, and at most as long as `eventually` tries: read models
 * may still be catching up.
 * @param environment of the platform, which names its stores
 * @param notes file with what a load generator wrote down
 * @throws Error with what the checker found last
 */
export const runChecker = (environment: Readonly<Record<string, string>>, notes: string): Promise<void> =>
  eventually(async () => {
    const checker = startApp('platform', { ...environment, CHECKER_NOTES: notes }, 'testing/checker.ts');
    const code = await checker.exited;
    if (code !== 0) throw new Error(`the checker ended with ${code}:\n${checker.output()}`);
  }, 60_000);
