import { eventually, type Machine, type Person } from '#testing';

/** Runs the real `astroctl`. @param code expected exit code; defaults to 0 */
export async function astroctl(machine: Machine, args: readonly string[], input?: string, code = 0): Promise<string> {
  const done = await machine.astroctl(args, input === undefined ? {} : { input });
  if (done.code === code) return done.stdout;
  throw new Error(`astroctl ${args.join(' ')} ended with ${done.code}, not ${code}:\n${done.stdout}${done.stderr}`);
}

/** Logs a user in for one organization, whose key is stored in the user's configuration. */
export const loginTo = async (
  { person: { machine, email }, password }: { readonly person: Person; readonly password: string },
  org: string,
): Promise<void> => {
  const args = ['auth', 'login', '--org-id', org, '--username', email, '--password-stdin'];
  await astroctl(machine, args, `${password}\n`);
};

/** Returns the commands of one user in one organization. */
export function inOrganization({ machine }: Person, org: string) {
  const run = (words: string, input?: string, code?: number) =>
    astroctl(machine, [...words.split(' '), '--org', org], input, code);
  return {
    run,
    /** Applies an application and waits for the rollout. @param code 3 if the rollout is expected to fail */
    deploy: (manifest: string, code?: number) => run('app apply -f - --wait', manifest, code),
    /** Waits until the sandbox of the organization is available for deployments. */
    ready: () =>
      eventually(async () => {
        const shown = await run('clusters get sandbox');
        if (!/^state: +READY$/m.test(shown)) throw new Error(`the cluster is not ready:\n${shown}`);
      }),
    reaches: (name: string, status: string) =>
      eventually(async () => {
        const shown = (await run(`app status ${name} --field status`)).trim();
        if (shown !== status) throw new Error(`${name} is ${shown}, not ${status}`);
      }),
  };
}
