import { PassThrough } from 'node:stream';
import type { CliCommand } from './command.ts';
import { buildProgram } from './program.ts';

const commandAt = (path: string, options: CliCommand['options'] = {}): CliCommand => ({
  path: path.split(' '),
  summary: 'does something',
  options,
  examples: [],
  run: () => Promise.reject(new Error('commands are not run here')),
});
const commands = [
  commandAt('org plan'),
  commandAt('org plan set', { plan: { positional: 'required', help: 'name of the plan' } }),
];

/** Returns the command for the words, with its options and flags. */
async function parsed(words: string) {
  const output = new PassThrough().resume();
  const found: { command: string; values: unknown; flags: Readonly<Record<string, unknown>> }[] = [];
  const program = buildProgram(
    { stdout: output, stderr: output },
    { version: '0', commands, groups: [] },
    (command, values, flags) => {
      found.push({ command: command.path.join(' '), values, flags });
      return Promise.resolve();
    },
  );
  await program.parseAsync(words.split(' '), { from: 'user' });
  expect(found).toHaveLength(1);
  return found[0];
}

describe('flags of a command whose path starts with another command', () => {
  it.each([
    'org plan set enterprise --org acme --as-admin --no-color',
    'org plan --org acme set --as-admin --no-color enterprise',
    'org plan --no-color --as-admin --org acme set enterprise',
  ])('are accepted in any position: %s', async (words) => {
    expect(await parsed(words)).toMatchObject({
      command: 'org plan set',
      values: { plan: 'enterprise' },
      flags: { orgId: 'acme', asAdmin: true, color: false },
    });
  });

  it('take the last value when one is given twice', async () => {
    expect(await parsed('org plan --org acme set enterprise --org initech')).toMatchObject({
      flags: { orgId: 'initech' },
    });
  });

  it('apply to the shorter command when only that is given', async () => {
    expect(await parsed('org plan --org acme')).toMatchObject({
      command: 'org plan',
      flags: { orgId: 'acme', color: true },
    });
  });

  it('have their defaults', async () => {
    expect((await parsed('org plan set enterprise'))?.flags).toEqual({ color: true });
  });
});
