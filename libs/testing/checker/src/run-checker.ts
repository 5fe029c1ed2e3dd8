import { eventually, startApp } from '#testing';

/**
 * Runs the checker in a separate process until it reports nothing, because read models may still be catching up. Limited
 * by the timeout of `eventually`.
 * @param environment variables of the platform, with the addresses of its stores
 * @param notes file with the notes of the load generator
 * @throws Error with the checker's last report
 */
export const runChecker = (environment: Readonly<Record<string, string>>, notes: string): Promise<void> =>
  eventually(async () => {
    const checker = startApp('platform', { ...environment, CHECKER_NOTES: notes }, 'testing/checker.ts');
    const code = await checker.exited;
    if (code !== 0) throw new Error(`the checker ended with ${code}:\n${checker.output()}`);
  }, 60_000);
