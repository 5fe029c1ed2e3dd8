import {
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { createLaptop, type Laptop, type RunOptions } from '#cli/testing';
import { clusterKubeconfigRequest } from '#deployments/contract';
import { runProgram, temporaryFolder } from '#testing';
import { deploymentsCommands, deploymentsGroups } from './cli.ts';

const folder = temporaryFolder();
const kubectl = join(import.meta.dirname, '..', '..', '..', '..', 'node_modules', '.bin', 'kubectl');

function laptopOf(): Laptop & { readonly kubeconfig: string } {
  const laptop = createLaptop(folder, { commands: deploymentsCommands, groups: deploymentsGroups });
  laptop.logIn(['acme']);
  laptop.on(clusterKubeconfigRequest, ({ name }) => ({
    clusterName: name,
    server: 'https://k8s.acme.dev:6443',
    certificateAuthorityData: null,
    tlsServerName: null,
    namespace: 'off',
    token: 'secret-token',
    expiresAt: '2026-01-01T00:10:00Z',
  }));
  mkdirSync(join(laptop.folder, '.kube'));
  return Object.assign(laptop, { kubeconfig: join(laptop.folder, '.kube', 'config') });
}

/** Returns the kubeconfig as kubectl reads it. */
async function asKubectl(file: string): Promise<unknown> {
  const shown = await runProgram(kubectl, ['config', 'view', '--raw', '-o', 'json'], {
    environment: { KUBECONFIG: file },
  });
  if (shown.code !== 0) throw new Error(shown.stderr);
  return JSON.parse(shown.stdout);
}

const OTHERS = `apiVersion: v1
kind: Config
# the clusters of the team
clusters:
- name: "no"
  cluster: { server: "https://old.acme.dev" } # the old one
users:
- name: "1_000"
  user:
    token: "0x1F"
    username: "off"
    password: '~'
contexts:
- name: "yes"
  context: { cluster: "no", user: "1_000", namespace: "1:30" }
preferences: {}
`;

describe('use-C2: clusters set-context changes its own entries of a kubeconfig, and nothing else', () => {
  it('keeps quotes that kubectl needs, comments, and all entries of others', async () => {
    const laptop = laptopOf();
    writeFileSync(laptop.kubeconfig, OTHERS);
    const before = await asKubectl(laptop.kubeconfig);
    expect(await laptop.run('clusters set-context dev')).toMatchObject({ exit: 0 });
    const after = await asKubectl(laptop.kubeconfig);
    const kept = before as Record<string, readonly unknown[]>;
    expect(after).toMatchObject({
      'current-context': 'dev',
      clusters: expect.arrayContaining([...(kept['clusters'] ?? [])]),
      users: expect.arrayContaining([...(kept['users'] ?? [])]),
      contexts: expect.arrayContaining([...(kept['contexts'] ?? [])]),
    });
    expect(readFileSync(laptop.kubeconfig, 'utf8')).toContain('# the clusters of the team');
    expect(readFileSync(laptop.kubeconfig, 'utf8')).toContain('# the old one');
    expect(readFileSync(laptop.kubeconfig, 'utf8')).not.toContain('secret-token');
    expect(await laptop.run('clusters delete-context dev')).toMatchObject({ exit: 0 });
    expect(await asKubectl(laptop.kubeconfig)).toEqual(before);
  });

  it.each(['no', 'off', 'y', '1_000', '0x1f', '0o7', '012', '1e3', 'null', '2026-01-01'])(
    'writes the name %s as text',
    async (name) => {
      const laptop = laptopOf();
      expect(await laptop.run(['clusters', 'set-context', name])).toMatchObject({ exit: 0 });
      expect(await asKubectl(laptop.kubeconfig)).toMatchObject({
        'current-context': name,
        contexts: [{ name, context: { namespace: 'off', user: `astroctl-id-of-acme-${name}` } }],
        users: [
          {
            user: {
              exec: { args: ['kube-token', '--cluster', name, '--org', 'id-of-acme', '--api-url', expect.any(String)] },
            },
          },
        ],
      });
    },
  );

  it('replaces its own entries when it is repeated', async () => {
    const laptop = laptopOf();
    for (const name of ['dev', 'eu-prod', 'dev']) await laptop.run(`clusters set-context ${name}`);
    expect(await asKubectl(laptop.kubeconfig)).toMatchObject({
      contexts: [{ name: 'dev' }, { name: 'eu-prod' }],
      users: [{ name: 'astroctl-id-of-acme-dev' }, { name: 'astroctl-id-of-acme-eu-prod' }],
    });
  });

  it('writes through symbolic links, and keeps the mode of an existing file', async () => {
    const laptop = laptopOf();
    const real = join(laptop.folder, 'dotfiles');
    mkdirSync(real);
    writeFileSync(join(real, 'kubeconfig'), OTHERS, { mode: 0o640 });
    symlinkSync(join('..', 'dotfiles', 'kubeconfig'), laptop.kubeconfig);
    expect(await laptop.run('clusters set-context dev')).toMatchObject({ exit: 0 });
    expect(lstatSync(laptop.kubeconfig).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(real, 'kubeconfig'), 'utf8')).toContain('current-context: dev');
    expect(statSync(join(real, 'kubeconfig')).mode & 0o777).toBe(0o640);
  });

  it('creates the target of a symbolic link that leads to a missing file', async () => {
    const laptop = laptopOf();
    symlinkSync(join(laptop.folder, 'later'), laptop.kubeconfig);
    expect(await laptop.run('clusters set-context dev')).toMatchObject({ exit: 0 });
    expect(readlinkSync(laptop.kubeconfig)).toBe(join(laptop.folder, 'later'));
    expect(statSync(join(laptop.folder, 'later')).mode & 0o777).toBe(0o600);
  });

  it('waits for the lock of kubectl, and names the lock file when it is not released', async () => {
    const laptop = laptopOf();
    const lock = `${laptop.kubeconfig}.lock`;
    writeFileSync(lock, '');
    const { exit, stderr } = await laptop.run('clusters set-context dev');
    expect({ exit, stderr }).toEqual({ exit: 7, stderr: expect.stringContaining(`rm ${lock}`) });
    let pauses = 0;
    const onPause: RunOptions['onPause'] = () => void (++pauses === 3 && rmSync(lock));
    expect(await laptop.run('clusters set-context dev', { onPause })).toMatchObject({ exit: 0 });
    expect(pauses).toBe(3);
    expect(() => statSync(lock)).toThrow('ENOENT');
  });

  it('changes nothing in a file that kubectl cannot read', async () => {
    const laptop = laptopOf();
    for (const text of ['clusters: [', 'a: 1\n---\nb: 2\n', '- a list\n', 'clusters: { a: 1 }\n']) {
      writeFileSync(laptop.kubeconfig, text);
      expect(await laptop.run('clusters set-context dev')).toMatchObject({ exit: 1 });
      expect(readFileSync(laptop.kubeconfig, 'utf8')).toBe(text);
    }
  });
});
