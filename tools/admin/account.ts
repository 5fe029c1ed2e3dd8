import process from 'node:process';
import { StartError } from '#runtime';
import { passwordFrom, withAccounts } from './accounts.ts';
import { runTool } from './run.ts';

/**
 * Creates another account of the built-in issuer, in the data folder of a running or stopped platform:
 * echo PASSWORD | node tools/run.mjs --import ./tools/typescript.mjs tools/admin/account.ts EMAIL [NAME]
 */
await runTool(async () => {
  const [email, name] = process.argv.slice(2);
  if (email === undefined)
    throw new StartError('Missing address; usage: account EMAIL [NAME], the password on standard input.');
  const password = await passwordFrom(process.stdin);
  if (password === '') throw new StartError('Missing password; pipe it: echo PASSWORD | account EMAIL');
  return withAccounts(process.env, async ({ accounts }) => {
    const created = await accounts.create({ email, password, ...(name !== undefined && { name }) });
    if (!created.ok) throw new StartError(created.error.detail);
    return `account ${email} created; it can log in now: npx astroctl auth login`;
  });
});
