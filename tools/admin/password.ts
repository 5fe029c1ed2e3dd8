import { changePassword } from '#identity/issuer';
import { StartError } from '#runtime';
import { systemIds } from '#runtime/system';
import process from 'node:process';
import { passwordFrom, withAccounts } from './accounts.ts';
import { runTool } from './run.ts';

/**
 * Sets a new password for an account of the built-in issuer, by default the admin's, in the data folder of a running or
 * stopped platform. Without a password on standard input, one is generated and printed:
 * npm run admin:password [-- EMAIL]
 */
await runTool(() =>
  withAccounts(process.env, async ({ accounts, configuration }) => {
    const email = process.argv[2] ?? configuration.adminEmail;
    const given = await passwordFrom(process.stdin);
    const changed = await changePassword(accounts, systemIds, {
      email,
      dataFolder: configuration.dataDir,
      ...(given !== '' && { password: given }),
    });
    if (!changed.ok) throw new StartError(changed.error.detail);
    return given === '' ? `${email} has a new password: ${changed.value}` : `${email} has a new password.`;
  }),
);
