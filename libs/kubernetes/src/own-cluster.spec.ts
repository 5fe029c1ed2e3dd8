import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '#testing';
import { ownCluster } from './own-cluster.ts';

describe('the cluster that a process runs in', () => {
  const root = temporaryFolder();
  const files = join(root, 'var', 'run', 'secrets', 'kubernetes.io', 'serviceaccount');
  const names = ['KUBERNETES_SERVICE_HOST', 'KUBERNETES_SERVICE_PORT'] as const;
  const before = names.map((name) => process.env[name]);
  const setAddress = (...values: readonly (string | undefined)[]) =>
    names.forEach((name, index) => {
      const value = values[index];
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    });

  beforeEach(() => {
    setAddress('10.96.0.1', '443');
    mkdirSync(files, { recursive: true });
    writeFileSync(join(files, 'token'), 'first\n');
    writeFileSync(join(files, 'ca.crt'), 'PEM');
  });
  afterAll(() => setAddress(...before));

  it('is known from the environment and the files of the ServiceAccount', async () =>
    expect(await ownCluster(root)).toEqual({ server: 'https://10.96.0.1:443', ca: 'PEM', token: 'first' }));

  it('can have an IPv6 address', async () => {
    setAddress('fd00::1', '6443');
    expect(await ownCluster(root)).toMatchObject({ server: 'https://[fd00::1]:6443' });
  });

  it('has the token that replaced the first one', async () => {
    await ownCluster(root);
    writeFileSync(join(files, 'token'), 'second\n');
    expect(await ownCluster(root)).toMatchObject({ token: 'second' });
  });

  it.each(['token', 'ca.crt'])('is undefined without the file %s', async (name) => {
    rmSync(join(files, name));
    expect(await ownCluster(root)).toBeUndefined();
  });

  it.each([
    [undefined, undefined],
    ['', ''],
    ['10.96.0.1', undefined],
  ])('is undefined outside of a cluster: %j', async (...address) => {
    setAddress(...address);
    expect(await ownCluster(root)).toBeUndefined();
  });
});
