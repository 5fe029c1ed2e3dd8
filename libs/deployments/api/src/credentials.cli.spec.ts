import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLaptop } from '#cli/testing';
import {
  deleteCredentialRequest,
  listCredentialsRequest,
  setCredentialRequest,
  type CredentialView,
} from '#deployments/contract';
import { temporaryFolder } from '#testing';
import { deploymentsCommands } from './cli.ts';

const folder = temporaryFolder();
const credential: CredentialView = {
  host: 'git.acme.dev',
  kind: 'git',
  user: 'deploy',
  fingerprint: 'fingerprint:9f2c41d07b3e',
  certificateAuthority: true,
  knownHosts: false,
  updatedAt: '2026-11-24T12:02:11Z',
};
const laptop = () => {
  const at = createLaptop(folder, { commands: deploymentsCommands });
  at.logIn(['acme']);
  at.on(listCredentialsRequest, () => ({ items: [credential] }));
  at.on(setCredentialRequest, () => ({ credential, outcome: 'configured' as const, dryRun: false }));
  at.on(deleteCredentialRequest, () => ({ host: 'git.acme.dev', dryRun: false }));
  return at;
};

describe('credentials', () => {
  it('are listed in columns, without secrets', async () => {
    const { stdout } = await laptop().run('credentials list');
    expect(stdout.split('\n')[0]?.trim().split(/\s+/)).toEqual(['HOST', 'KIND', 'USER', 'FINGERPRINT', 'UPDATED']);
    expect(stdout.split('\n')[1]).toMatch(/^git\.acme\.dev +git +deploy +9f2c41d07b3e /);
  });

  it('are set with the secret from standard input, without the line end of a token', async () => {
    const at = laptop();
    expect(await at.run('credentials set git.acme.dev --kind git --user deploy', { stdin: 'token\n' })).toMatchObject({
      exit: 0,
      stdout: 'credential/git/git.acme.dev configured\n',
    });
    expect(at.sent.at(-1)?.input).toEqual({
      org: 'id-of-acme',
      host: 'git.acme.dev',
      kind: 'git',
      user: 'deploy',
      secret: 'token',
    });
    const key = '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n';
    await at.run('credentials set git.acme.dev --kind git', { stdin: key });
    expect(at.sent.at(-1)?.input).toMatchObject({ secret: key });
  });

  it('are set with files of an authority and of host keys', async () => {
    const at = laptop();
    writeFileSync(join(folder, 'ca.pem'), 'PEM');
    writeFileSync(join(folder, 'known'), 'git.acme.dev ssh-ed25519 AAAA');
    const words = ['credentials', 'set', 'git.acme.dev', '--kind', 'git'];
    const files = ['--ca', join(folder, 'ca.pem'), '--known-hosts', join(folder, 'known')];
    expect(await at.run([...words, ...files], { stdin: '' })).toMatchObject({ exit: 0 });
    expect(at.sent.at(-1)?.input).toEqual({
      org: 'id-of-acme',
      host: 'git.acme.dev',
      kind: 'git',
      certificateAuthority: 'PEM',
      knownHosts: 'git.acme.dev ssh-ed25519 AAAA',
    });
  });

  it.each([
    ['credentials set git.acme.dev', 2, '--kind is required.'],
    ['credentials set git.acme.dev --kind git', 2, 'No secret on standard input.'],
    ['credentials set git.acme.dev --kind git --ca missing.pem', 1, 'missing.pem cannot be read (ENOENT).'],
  ])('are not sent by %s', async (words, exit, message) => {
    const at = laptop();
    const done = await at.run(words, { stdin: '' });
    expect(done).toMatchObject({ exit });
    expect(done.stderr).toContain(message);
    expect(at.sent).toEqual([]);
  });

  it('are deleted after a confirmation', async () => {
    const at = laptop();
    expect(await at.run('credentials delete git.acme.dev')).toMatchObject({ exit: 2 });
    expect(at.sent).toEqual([]);
    expect(await at.run('credentials delete git.acme.dev --kind git -y')).toMatchObject({
      exit: 0,
      stdout: 'credential/git.acme.dev deleted\n',
    });
    expect(at.sent.at(-1)?.input).toEqual({ org: 'id-of-acme', host: 'git.acme.dev', kind: 'git' });
  });
});
