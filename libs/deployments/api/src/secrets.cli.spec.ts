import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLaptop } from '#cli/testing';
import {
  applicationStatusRequest,
  listSecretsRequest,
  setSecretRequest,
  setSecretsRequest,
  unsetSecretRequest,
} from '#deployments/contract';
import { temporaryFolder } from '#testing';
import { deploymentsCommands } from './cli.ts';
import { application, statusOf } from './testing/answers.ts';

const folder = temporaryFolder();
const laptop = () => {
  const made = createLaptop(folder, { commands: deploymentsCommands });
  made.logIn(['acme']);
  return made;
};
const unused = { application: application(), changes: [], attemptId: null, dryRun: false };
const rotated = {
  changed: [{ key: 'TOKEN', version: 2 }],
  application: application({ version: 'v4', attempt: { id: 'a7', number: 7, state: 'QUEUED' } }),
  changes: ['secret TOKEN v1 fingerprint:aaaaaaaaaaaa -> v2 fingerprint:bbbbbbbbbbbb'],
  attemptId: 'a7',
  dryRun: false,
};

describe('astroctl app secrets', () => {
  it('set sends the value on standard input, without the line break at its end', async () => {
    const at = laptop();
    at.on(setSecretRequest, () => ({ ...unused, changed: [{ key: 'TOKEN', version: 1 }] }));
    for (const stdin of ['s3cret', 's3cret\n', 's3cret\r\n'])
      expect(await at.run('app secrets set web TOKEN', { stdin })).toMatchObject({
        exit: 0,
        stdout: 'secret/TOKEN set (v1)\n',
      });
    expect(at.sent.map(({ input }) => input['value'])).toEqual(['s3cret', 's3cret', 's3cret']);
    await at.run('app secrets set web TOKEN', { stdin: 'two\nlines\n\n' });
    expect(at.sent.at(-1)?.input).toMatchObject({ key: 'TOKEN', value: 'two\nlines\n' });
  });

  it('set prints what is deployed because of it, and waits for it on request', async () => {
    const at = laptop();
    at.on(setSecretRequest, () => rotated);
    const done = await at.run('app secrets set web TOKEN', { stdin: 'x' });
    expect(done.stderr).toContain('web v4: secret TOKEN v1 fingerprint:aaaaaaaaaaaa -> v2 fingerprint:bbbbbbbbbbbb');
    expect(done.stderr).toContain('Next: astroctl app wait web');
    at.on(applicationStatusRequest, () =>
      statusOf({ version: 'v4', attempt: { id: 'a7', number: 7, state: 'SUCCEEDED' } }),
    );
    expect(await at.run('app secrets set web TOKEN --wait', { stdin: 'x' })).toMatchObject({ exit: 0 });
    expect(at.sent.at(-1)?.subject).toBe(applicationStatusRequest.subject);
  });

  it('set sends nothing without a value, for an invalid key, for binary data, and above the limit', async () => {
    const at = laptop();
    const run = async (words: string, options: Parameters<typeof at.run>[1]) => (await at.run(words, options)).exit;
    expect(await run('app secrets set web TOKEN', { stdin: '\n' })).toBe(2);
    expect(await run('app secrets set web TOKEN', { terminal: true })).toBe(2);
    expect(await run('app secrets set web', { stdin: 'x' })).toBe(2);
    expect(await run('app secrets set web .TOKEN', { stdin: 'x' })).toBe(2);
    expect(await run('app secrets set web __proto__', { stdin: 'x' })).toBe(2);
    expect(await run('app secrets set web TOKEN', { stdin: 'a\0b' })).toBe(1);
    expect(await run('app secrets set web TOKEN', { stdin: 'x'.repeat(65_539) })).toBe(1);
    expect(at.sent).toEqual([]);
  });

  it('set reads KEY=VALUE lines of a file, and sends them together', async () => {
    const at = laptop();
    at.on(setSecretsRequest, () => ({
      ...unused,
      changed: [{ key: 'A', version: 1 }],
      dryRun: true,
    }));
    const file = join(at.folder, 'web.env');
    writeFileSync(file, `# comment\nA=1 # comment\nexport B='two words'\nC="line\nline"\n`);
    expect(await at.run(`app secrets set web --from-env-file ${file} --dry-run`)).toMatchObject({
      exit: 0,
      stdout: 'secret/A set (v1) (dry run)\nsecret/B unchanged (dry run)\nsecret/C unchanged (dry run)\n',
    });
    expect(at.sent).toMatchObject([{ dryRun: true, input: { secrets: { A: '1', B: 'two words', C: 'line\nline' } } }]);
  });

  it('set refuses a file that is missing, empty, or too large, and one with an invalid key', async () => {
    const at = laptop();
    const file = join(at.folder, 'web.env');
    const words = `app secrets set web --from-env-file ${file}`;
    expect(await at.run(words)).toMatchObject({ exit: 1, stderr: expect.stringContaining('ENOENT') });
    for (const [text, message] of [
      ['# nothing\n', 'has no KEY=VALUE lines'],
      [`A=${'x'.repeat(800_000)}`, 'is larger than'],
      ['-A=1\n', 'The key -A must be at most 128 letters'],
    ] as const) {
      writeFileSync(file, text);
      expect(await at.run(words)).toMatchObject({ exit: 1, stderr: expect.stringContaining(message) });
    }
    expect(at.sent).toEqual([]);
  });

  it('set says that an application without a revision can use the secret later', async () => {
    const at = laptop();
    at.on(setSecretRequest, () => ({ ...unused, application: null, changed: [{ key: 'TOKEN', version: 1 }] }));
    const done = await at.run('app secrets set web TOKEN', { stdin: 'x' });
    expect(done.stderr).toContain('web does not exist yet');
  });

  it('list prints keys and versions, and never a value', async () => {
    const at = laptop();
    const updatedAt = new Date(at.clock.now() - 3_600_000).toISOString();
    at.on(listSecretsRequest, () => ({
      items: [{ key: 'TOKEN', version: 2, fingerprint: 'fingerprint:aaaaaaaaaaaa', updatedAt, by: 'ada@acme.dev' }],
    }));
    const { stdout } = await at.run('app secrets list web');
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.split(/\s{2,}/)),
    ).toEqual([
      ['KEY', 'VERSION', 'UPDATED', 'BY'],
      ['TOKEN', 'v2', '60m', 'ada@acme.dev'],
    ]);
  });

  it('unset prints what it removed, and nothing to do for a key that is not set', async () => {
    const at = laptop();
    at.on(unsetSecretRequest, () => ({ ...unused, changed: [{ key: 'TOKEN', version: null }] }));
    expect(await at.run('app secrets unset web TOKEN')).toMatchObject({ exit: 0, stdout: 'secret/TOKEN removed\n' });
    at.on(unsetSecretRequest, () => ({ ...unused, changed: [] }));
    expect(await at.run('app secrets unset web TOKEN')).toMatchObject({ exit: 0, stdout: 'secret/TOKEN unchanged\n' });
  });
});
