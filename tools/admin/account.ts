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
    throw new StartError(
      'Missing e-mail address. Usage: npm run --silent admin:account -- EMAIL [NAME] < password.txt',
    );
  const password = await passwordFrom(process.stdin);
  if (password === '')
    throw new StartError('Missing password. Usage: npm run --silent admin:account -- EMAIL [NAME] < password.txt');
  return withAccounts(process.env, async ({ accounts }) => {
    const created = await accounts.create({ email, password, ...(name !== undefined && { name }) });
    if (!created.ok) throw new StartError(created.error.detail);
    return `account ${email} created. Next: npx astroctl auth login`;
  });
});
