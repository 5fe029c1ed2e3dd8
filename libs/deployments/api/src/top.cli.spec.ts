import { createLaptop, type Laptop } from '#cli/testing';
import { applicationTopRequest, type PodUse } from '#deployments/contract';
import { domainError } from '#kernel';
import { temporaryFolder } from '#testing';
import { deploymentsCommands } from './cli.ts';

const folder = temporaryFolder();
const MEBIBYTE = 1_048_576;
const use = {
  cpu: { used: 12, request: 100, limit: 500 },
  memory: { used: 64.5 * MEBIBYTE, request: null, limit: null },
};
const fresh = { cpu: { used: null, request: 100, limit: 500 }, memory: { used: null, request: null, limit: null } };
const items: PodUse[] = [
  { name: 'web-1', namespace: 'acme-web', ...use, containers: [{ name: 'web', ...use }] },
  { name: 'web-2', namespace: 'acme-web', ...fresh, containers: [{ name: 'web', ...fresh }] },
];
const total = { cpu: { used: 12, request: 200, limit: 1_000 }, memory: use.memory };

function laptopOf(): Laptop {
  const laptop = createLaptop(folder, { commands: deploymentsCommands });
  laptop.logIn(['acme']);
  laptop.on(applicationTopRequest, () => ({ items, total }));
  return laptop;
}

describe('app top', () => {
  it('prints a row for each pod, and the total', async () => {
    expect(await laptopOf().run('app top web')).toEqual({
      exit: 0,
      stderr: '',
      stdout: [
        'NAME   CPU  CPU-REQUEST  CPU-LIMIT   MEMORY  MEMORY-REQUEST  MEMORY-LIMIT',
        'web-1  12m  100m         500m (2%)   64Mi    -               -',
        'web-2  -    100m         500m        -       -               -',
        'total  12m  200m         1000m (1%)  64Mi    -               -',
        '',
      ].join('\n'),
    });
  });

  it('prints a row for each container', async () => {
    const { stdout } = await laptopOf().run('app top web --containers');
    expect(stdout.split('\n').slice(0, 2)).toEqual([
      'POD    NAME  CPU  CPU-REQUEST  CPU-LIMIT   MEMORY  MEMORY-REQUEST  MEMORY-LIMIT',
      'web-1  web   12m  100m         500m (2%)   64Mi    -               -',
    ]);
  });

  it('prints names of pods and containers, and everything as JSON', async () => {
    const laptop = laptopOf();
    expect((await laptop.run('app top web -o name')).stdout).toBe('pod/web-1\npod/web-2\n');
    expect((await laptop.run('app top web -o name --containers')).stdout).toBe('pod/web-1/web\npod/web-2/web\n');
    expect(JSON.parse((await laptop.run('app top web -o json')).stdout)).toEqual({ items, total });
    expect((await laptop.run('app top web -o yaml')).stdout).toContain('name: web-1\n');
  });

  it('says that there are no pods', async () => {
    const laptop = laptopOf();
    const nothing = { used: null, request: null, limit: null };
    laptop.on(applicationTopRequest, () => ({ items: [], total: { cpu: nothing, memory: nothing } }));
    expect(await laptop.run('app top web')).toEqual({ exit: 0, stdout: '', stderr: 'No pods.\n' });
  });

  it('fails where nothing is measured', async () => {
    const laptop = laptopOf();
    laptop.on(applicationTopRequest, () =>
      domainError('deployments/metrics-unavailable', 'unavailable', 'Nothing is measured.', { fix: 'install it' }),
    );
    expect(await laptop.run('app top web')).toMatchObject({
      exit: 10,
      stdout: '',
      stderr: expect.stringContaining('Nothing is measured.'),
    });
  });
});
