import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLaptop, type Laptop } from '#cli/testing';
import {
  applyApplicationRequest,
  diffApplicationRequest,
  diffManifestRequest,
  rollbackRequest,
  type ApplicationDiff,
} from '#deployments/contract';
import { domainError } from '#kernel';
import { temporaryFolder } from '#testing';
import { deploymentsCommands, deploymentsGroups } from './cli.ts';
import { outcome } from './testing/answers.ts';

const folder = temporaryFolder();
const changes: ApplicationDiff['changes'] = [
  { object: null, path: 'image', change: 'changed', before: 'web:1', after: 'web:2' },
  { object: 'Deployment/web', path: 'spec.replicas', change: 'added', before: null, after: '3' },
  { object: null, path: 'env.MODE', change: 'removed', before: 'fingerprint:0123456789ab', after: null },
];
const LINES = [
  '~ image: web:1 -> web:2',
  '+ Deployment/web spec.replicas: 3',
  '- env.MODE: fingerprint:0123456789ab',
].join('\n');
const MANIFEST =
  'name: web\nprofileName: staging\nsource: { type: image, image: { registry: a.dev, repository: web, tag: "2" } }\n';

function laptopOf(): Laptop {
  const laptop = createLaptop(folder, { commands: deploymentsCommands, groups: deploymentsGroups });
  laptop.logIn(['acme']);
  writeFileSync(join(laptop.folder, 'web.yaml'), MANIFEST);
  laptop.on(diffApplicationRequest, ({ from, to, live }) => ({
    name: 'web',
    from: `v${from ?? 3}`,
    to: live ? 'live' : `v${to ?? 4}`,
    changes: from === to && from !== undefined ? [] : changes,
  }));
  laptop.on(diffManifestRequest, () => ({ name: 'web', from: 'v3', to: 'manifest', changes }));
  return laptop;
}

describe('app diff', () => {
  it.each([
    ['', {}, 'web v3 -> v4'],
    [' v1', { from: 1 }, 'web v1 -> v4'],
    [' v1 2', { from: 1, to: 2 }, 'web v1 -> v2'],
    [' --live', { live: true }, 'web v3 -> live'],
  ])('compares revisions, and exits with 1 when they differ: app diff web%s', async (words, input, head) => {
    const laptop = laptopOf();
    expect(await laptop.run(`app diff web${words}`)).toEqual({ exit: 1, stdout: `${head}\n${LINES}\n`, stderr: '' });
    expect(laptop.sent[0]?.input).toMatchObject({ name: 'web', ...input });
  });

  it('exits with 0 when nothing differs', async () => {
    const { exit, stdout, stderr } = await laptopOf().run('app diff web v2 v2');
    expect({ exit, stdout, stderr }).toEqual({ exit: 0, stdout: '', stderr: 'web v2 -> v2: no differences.\n' });
  });

  it('compares with a file that is not applied yet', async () => {
    const laptop = laptopOf();
    expect(await laptop.run('app diff web -f web.yaml')).toMatchObject({
      exit: 1,
      stdout: expect.stringContaining(LINES),
    });
    expect(laptop.sent[0]?.input).toMatchObject({ name: 'web', manifest: { source: { image: { tag: '2' } } } });
    expect((await laptop.run('app diff api -f web.yaml')).exit).toBe(2);
  });

  it('prints the fields as JSON or YAML', async () => {
    const { stdout } = await laptopOf().run('app diff web -o json');
    expect(JSON.parse(stdout)).toEqual({ name: 'web', from: 'v3', to: 'v4', changes });
    expect((await laptopOf().run('app diff web -o name')).stdout).toBe('application/web\n');
  });

  it.each([
    ['invalid', 2],
    ['not-found', 6],
    ['forbidden', 5],
  ] as const)('never exits with 0 or 1 for an error: %s exits with %i', async (kind, exit) => {
    const laptop = laptopOf();
    laptop.on(diffApplicationRequest, () => domainError('x/y', kind, 'No.'));
    expect((await laptop.run('app diff web')).exit).toBe(exit);
  });

  it.each(['app diff web nine', 'app diff web v1 --live', 'app diff web v1 -f web.yaml', 'app diff'])(
    'rejects wrong usage: %s',
    async (words) => expect((await laptopOf().run(words)).exit).toBe(2),
  );
});

describe('use-D20: preview of a change', () => {
  it('app apply --diff shows the change field by field and changes nothing; --dry-run shows the outcome', async () => {
    const laptop = laptopOf();
    laptop.on(applyApplicationRequest, () => outcome({ outcome: 'configured', version: 'v4', dryRun: true }));
    const shown = await laptop.run('app apply -f web.yaml --diff');
    expect(shown).toEqual({
      exit: 0,
      stdout: `application/web configured (dry run)\nweb v3 -> manifest\n${LINES}\n`,
      stderr: '',
    });
    expect(laptop.sent.filter(({ dryRun }) => !dryRun).map(({ subject }) => subject)).toEqual([
      diffManifestRequest.subject,
    ]);
    expect((await laptop.run('app apply -f web.yaml --dry-run')).stdout).toBe('application/web configured (dry run)\n');
    const data = JSON.parse((await laptop.run('app apply -f web.yaml --diff -o json')).stdout) as unknown;
    expect(data).toMatchObject({ outcome: 'configured', diff: changes });
  });

  it('app rollback shows the change field by field, then asks for confirmation', async () => {
    const laptop = laptopOf();
    const warnings = ['what Job/migrate did is not undone'];
    laptop.on(rollbackRequest, () => outcome({ outcome: 'configured', version: 'v5', rollbackOf: 'v2', warnings }));
    const refused = await laptop.run('app rollback web', { terminal: true, stdin: 'n\n' });
    expect(refused).toMatchObject({
      exit: 1,
      stdout: '',
      stderr: expect.stringMatching(
        /^web v4 -> v2\n~ image: web:1 -> web:2\n[^]*Warning: what Job\/migrate did is not undone\.\n[^]*Roll web back to v2\?/,
      ),
    });
    expect(laptop.sent.filter(({ subject }) => subject === rollbackRequest.subject)).toEqual([
      expect.objectContaining({ dryRun: true }),
    ]);
    expect((await laptop.run('app rollback web')).exit).toBe(2);
    expect(await laptop.run('app rollback web -y')).toMatchObject({
      exit: 0,
      stdout: 'application/web configured\n',
      stderr: expect.stringContaining('web v5 has the content of v2.'),
    });
  });
});
