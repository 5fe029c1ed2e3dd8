import { createLaptop, type Laptop } from '#cli/testing';
import { applicationStatusRequest, applyApplicationRequest, getRevisionRequest } from '#deployments/contract';
import { domainError } from '#kernel';
import { temporaryFolder } from '#testing';
import { parse } from 'yaml';
import { deploymentsCommands, deploymentsGroups } from './cli.ts';
import { outcome, statusOf } from './testing/answers.ts';

const folder = temporaryFolder();
const manifest = {
  apiVersion: 'platform.astropulse.io/v1',
  kind: 'Application',
  metadata: { name: 'web' },
  spec: {
    profileName: 'staging',
    source: {
      type: 'image',
      image: {
        registry: 'images.acme.dev',
        repository: 'web',
        tag: '1.4.2',
        replicas: 2,
        env: [
          { name: 'MODE', value: 'live' },
          { name: 'log.level', value: 'info' },
        ],
        volumes: [{ name: 'data', size: '1Gi', mountPath: '/data' }],
      },
    },
  },
};

function laptopOf(hidden = 0): Laptop {
  const laptop = createLaptop(folder, { commands: deploymentsCommands, groups: deploymentsGroups });
  laptop.logIn(['acme']);
  laptop.on(getRevisionRequest, ({ revision }) => ({
    version: 'v3',
    revision: revision === 'latest' ? 3 : Number(revision),
    manifest,
    hidden,
  }));
  laptop.on(applyApplicationRequest, () =>
    outcome({ outcome: 'configured', version: 'v4', changes: ['image 1.4.2 -> 1.5.0'] }),
  );
  return laptop;
}

/** Returns the spec that was sent, and its image block. */
function sentBy({ sent }: Laptop): { image: Record<string, unknown>; spec: Record<string, unknown> } {
  const { manifest: applied } = sent.at(-1)?.input as { manifest: typeof manifest };
  return { image: applied.spec.source.image, spec: applied.spec };
}

describe('app set', () => {
  it('applies the latest manifest with the fields set, and prints what changed', async () => {
    const laptop = laptopOf();
    expect(await laptop.run('app set web image.tag=1.5.0')).toEqual({
      exit: 0,
      stdout: 'application/web configured\n',
      stderr: 'web v4: image 1.4.2 -> 1.5.0 (see: astroctl app diff web v3 v4)\n',
    });
    expect(sentBy(laptop).image).toEqual({ ...manifest.spec.source.image, tag: '1.5.0' });
  });

  it.each([
    ['image.tag=1.10', 'tag', '1.10'],
    ['image.replicas=3', 'replicas', 3],
    ['spec.source.image.port=9090', 'port', 9090],
    ['image.args=[a, "b c"]', 'args', ['a', 'b c']],
    ['image.autoscaling.min=1', undefined, undefined],
    ['image.resources.requests.cpu=1', 'resources', { requests: { cpu: 1 } }],
    ['image.health.path=/healthz', 'health', { path: '/healthz' }],
    ['image.volumes.data.size=2Gi', 'volumes', [{ name: 'data', size: '2Gi', mountPath: '/data' }]],
    [
      'image.env.MODE=off',
      'env',
      [
        { name: 'MODE', value: 'off' },
        { name: 'log.level', value: 'info' },
      ],
    ],
    [
      'image.env.log.level=1',
      'env',
      [
        { name: 'MODE', value: 'live' },
        { name: 'log.level', value: '1' },
      ],
    ],
    ['image.env.NEW=a=b', 'env', [...manifest.spec.source.image.env, { name: 'NEW', value: 'a=b' }]],
    ['image.env.MODE=', 'env', [{ name: 'log.level', value: 'info' }]],
    ['image.replicas=', 'replicas', undefined],
  ])('sets %s', async (field, name, value) => {
    const laptop = laptopOf();
    const { exit, stderr } = await laptop.run(['app', 'set', 'web', field]);
    if (name === undefined)
      expect({ exit, stderr }).toEqual({ exit: 1, stderr: expect.stringContaining('Nothing was sent') });
    else expect(sentBy(laptop).image[name]).toEqual(value);
  });

  it('does not mention a version that does not exist after a dry run', async () => {
    const { stdout, stderr } = await laptopOf().run('app set web image.tag=1.5.0 --dry-run');
    expect(stdout).toBe('application/web configured (dry run)\n');
    expect(stderr).toBe('web v4: image 1.4.2 -> 1.5.0\n');
  });

  it('sets fields outside the source', async () => {
    const laptop = laptopOf();
    await laptop.run([
      'app',
      'set',
      'web',
      'profileName=production',
      'labels.acme.dev/team=a',
      'externalAccess.domain=apps.acme.dev',
    ]);
    expect(sentBy(laptop).spec).toMatchObject({
      profileName: 'production',
      labels: { 'acme.dev/team': 'a' },
      externalAccess: { domain: 'apps.acme.dev' },
    });
  });

  it('retries when somebody else changed the application in the meantime', async () => {
    const laptop = laptopOf();
    let refused = 0;
    laptop.on(applyApplicationRequest, () =>
      refused++ < 2
        ? domainError('edge/precondition-failed', 'conflict', 'Another revision.')
        : outcome({ outcome: 'configured', version: 'v6' }),
    );
    expect(await laptop.run('app set web image.tag=1.5.0')).toMatchObject({ exit: 0 });
    expect(laptop.sent.filter(({ subject }) => subject === getRevisionRequest.subject)).toHaveLength(3);
  });

  it.each([
    [['image.tag'], 2, 'is not PATH=VALUE'],
    [['image.tga=1'], 1, 'did you mean tag? Nothing was sent.'],
    [['__proto__.polluted=1'], 2, 'not a path of fields'],
    [['image.constructor.name=1'], 2, 'not a path of fields'],
    [['image..tag=1'], 2, 'not a path of fields'],
    [['image.tag.x=1'], 2, 'has no fields'],
    [['image.volumes.nope.size=1Gi'], 2, 'there is no nope'],
    [['image.replicas=many'], 1, 'replicas'],
  ])('sends nothing for %j', async (fields, exit, said) => {
    const laptop = laptopOf();
    const done = await laptop.run(['app', 'set', 'web', ...fields]);
    expect(done).toMatchObject({ exit, stdout: '', stderr: expect.stringContaining(said) });
    expect(laptop.sent.map(({ subject }) => subject)).not.toContain(applyApplicationRequest.subject);
  });
});

describe('app export', () => {
  it('prints a manifest that can be applied', async () => {
    const laptop = laptopOf();
    const { exit, stdout, stderr } = await laptop.run('app export web');
    expect({ exit, stderr, manifest: parse(stdout) as unknown }).toEqual({ exit: 0, stderr: '', manifest });
    expect(stdout).toMatch(/^ +tag: 1\.4\.2$/m);
    expect(JSON.parse((await laptop.run('app export web --revision v2 -o json')).stdout)).toEqual(manifest);
    expect(laptop.sent.at(-1)?.input).toMatchObject({ revision: 2 });
  });

  it('reports missing values', async () => {
    const { stderr } = await laptopOf(2).run('app export web');
    expect(stderr).toMatch(/^Warning: 2 values are shown as fingerprints/);
  });
});

describe('app open', () => {
  it('prints the address, and reports when there is none', async () => {
    const laptop = laptopOf();
    laptop.on(applicationStatusRequest, () => statusOf({ endpoint: 'https://web.acme.dev' }));
    expect(await laptop.run('app open web')).toMatchObject({ exit: 0, stdout: 'https://web.acme.dev\n' });
    laptop.on(applicationStatusRequest, () => statusOf({ endpoint: null }));
    expect(await laptop.run('app open web')).toMatchObject({
      exit: 1,
      stderr: expect.stringContaining('externalAccess'),
    });
  });

  it('prints the page of the console, also of an application without an address', async () => {
    const laptop = laptopOf();
    laptop.on(applicationStatusRequest, () => statusOf({ endpoint: null }));
    const page = 'http://127.0.0.1:8080/o/acme/apps/web';
    expect(await laptop.run('app open web --console')).toMatchObject({ exit: 0, stdout: `${page}\n` });
    const { stdout } = await laptop.run('app open web --console -o json');
    expect(JSON.parse(stdout)).toEqual({ name: 'web', console: page });
    laptop.on(applicationStatusRequest, () => domainError('deployments/application-not-found', 'not-found', 'None.'));
    expect(await laptop.run('app open web --console')).toMatchObject({ exit: 6, stdout: '' });
  });
});
