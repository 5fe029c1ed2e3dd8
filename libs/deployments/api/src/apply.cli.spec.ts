import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLaptop, type Laptop } from '#cli/testing';
import {
  applicationStatusRequest,
  applyApplicationRequest,
  applyProfileRequest,
  listRevisionsRequest,
} from '#deployments/contract';
import { domainError } from '#kernel';
import { temporaryFolder } from '#testing';
import { deploymentsCommands, deploymentsGroups } from './cli.ts';
import { outcome, statusOf } from './testing/answers.ts';

const folder = temporaryFolder();
const web = (tag: string, name = 'web') =>
  `kind: Application\napiVersion: platform.astropulse.io/v1\nmetadata: { name: ${name} }\nspec: { source: { type: image, image: { registry: a.dev, repository: web, tag: ${tag} } } }\n`;
const profile =
  'kind: ApplicationProfile\napiVersion: platform.astropulse.io/v1\nmetadata: { name: staging }\nspec: { clusterName: dev }\n';

function laptopOf(files: Readonly<Record<string, string>>): Laptop {
  const laptop = createLaptop(folder, { commands: deploymentsCommands, groups: deploymentsGroups });
  laptop.logIn(['acme']);
  mkdirSync(join(laptop.folder, 'deploy', 'more'), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(laptop.folder, 'deploy', name), text);
  laptop.on(applyApplicationRequest, () => outcome({ outcome: 'created' }));
  laptop.on(applyProfileRequest, () => domainError('x/y', 'unavailable', 'No profiles here.'));
  return laptop;
}
const names = ({ sent }: Laptop) => sent.map(({ input }) => input['name']);

describe('app apply', () => {
  it('sends a tag exactly as it is written', async () => {
    const laptop = laptopOf({ 'web.yaml': web('1.10') });
    expect(await laptop.run('app apply -f deploy/web.yaml')).toEqual({
      exit: 0,
      stdout: 'application/web created\n',
      stderr: 'Next: astroctl app status web\n',
    });
    expect(laptop.sent[0]?.input).toMatchObject({ manifest: { source: { image: { tag: '1.10' } } } });
  });

  it('sends the message with each application', async () => {
    const laptop = laptopOf({ 'a.yaml': web('1'), 'b.yaml': web('1', 'api') });
    await laptop.run(['app', 'apply', '-f', 'deploy', '-m', 'fix the checkout']);
    expect(laptop.sent.map(({ input }) => input['message'])).toEqual(['fix the checkout', 'fix the checkout']);
  });

  it('D11: prints the plan of a dry run, and sends the plan that nothing may differ from', async () => {
    const laptop = laptopOf({ 'web.yaml': web('1'), 'api.yaml': web('1', 'api') });
    laptop.on(applyApplicationRequest, () =>
      outcome({ outcome: 'configured', plan: '03be770011223344', dryRun: true }),
    );
    const { stderr } = await laptop.run('app apply -f deploy/web.yaml --dry-run');
    expect(stderr).toContain('apply it with --plan 03be770011223344');
    await laptop.run('app apply -f deploy/web.yaml --plan 03be770011223344');
    expect(laptop.sent.at(-1)?.input).toMatchObject({ name: 'web', plan: '03be770011223344' });
    expect(await laptop.run('app apply -f deploy --plan 03be770011223344')).toMatchObject({ exit: 2 });
    writeFileSync(join(laptop.folder, 'staging.yaml'), profile);
    expect(await laptop.run('app apply -f staging.yaml --plan 03be770011223344')).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining('--plan needs an Application.'),
    });
    expect(laptop.sent).toHaveLength(2);
  });

  it('applies an application after those that it depends on', async () => {
    const after = (name: string, dependsOn: string) =>
      web('1', name).replace('spec: {', `spec: { dependsOn: [${dependsOn}],`);
    const laptop = laptopOf({
      'a.yaml': after('web', 'api, other'),
      'b.yaml': after('api', 'database'),
      'c.yaml': web('1', 'database'),
    });
    await laptop.run('app apply -f deploy');
    expect(names(laptop)).toEqual(['database', 'api', 'web']);
  });

  it('applies profiles first, tries every manifest, and lists those that failed', async () => {
    const laptop = laptopOf({
      'a.yaml': web('1'),
      'b.yml': profile,
      'c.json': JSON.stringify({ name: 'api' }),
      'd.txt': 'no',
    });
    writeFileSync(join(laptop.folder, 'deploy', 'c.json'), web('1', 'api'));
    const { exit, stdout, stderr } = await laptop.run('app apply -f deploy');
    expect(names(laptop)).toEqual(['staging', 'web', 'api']);
    expect({ exit, stdout }).toEqual({ exit: 1, stdout: 'application/web created\napplication/api created\n' });
    expect(stderr).toContain('Error: No profiles here.');
  });

  it('exits with 3 with --wait when the revision failed and was rolled back automatically', async () => {
    const laptop = laptopOf({ 'web.yaml': web('2') });
    laptop.on(applyApplicationRequest, () => outcome({ outcome: 'configured', version: 'v4' }));
    laptop.on(applicationStatusRequest, () => statusOf({ version: 'v5' }));
    const revision = (number: number, more: object) => ({
      version: `v${number}`,
      revision: number,
      state: 'SUCCEEDED' as const,
      source: 'image web:2',
      by: 'ada',
      when: '2026-12-01T00:00:00Z',
      rollback: 'yes',
      rollbackOf: null,
      summary: [],
      ...more,
    });
    laptop.on(listRevisionsRequest, () => ({
      items: [revision(3, {}), revision(4, { state: 'FAILED' }), revision(5, { rollbackOf: 'v3' })],
    }));
    expect(await laptop.run('app apply -f deploy/web.yaml --wait')).toMatchObject({
      exit: 3,
      stderr: expect.stringContaining('Error: web v4 failed; v5, which is v3 again, runs.'),
    });
  });

  it('reads standard input, and subfolders only with -R', async () => {
    const laptop = laptopOf({ 'web.yaml': web('1'), 'more/api.yaml': web('1', 'api') });
    await laptop.run('app apply -f -', { stdin: web('1', 'piped') });
    await laptop.run('app apply -f deploy');
    await laptop.run('app apply -f deploy -R');
    expect(names(laptop)).toEqual(['piped', 'web', 'api', 'web']);
  });

  it('sends nothing when one document is invalid, and prints its location', async () => {
    const laptop = laptopOf({ 'web.yaml': `${web('1')}---\n${web('1', 'api').replace('registry', 'registri')}` });
    const { exit, stderr } = await laptop.run('app apply -f deploy/web.yaml');
    expect({ exit, sent: laptop.sent }).toEqual({ exit: 1, sent: [] });
    expect(stderr).toMatch(
      /^Error: deploy\/web\.yaml:\d+:\d+: unknown field .*registri; did you mean .*registry\? Nothing was sent\.$/m,
    );
    expect(stderr).toContain('Fix:   rename it, then check without applying: astroctl app validate -f deploy/web.yaml');
  });

  it('prints what changed and the command that shows it again', async () => {
    const laptop = laptopOf({ 'web.yaml': web('2') });
    laptop.on(applyApplicationRequest, () =>
      outcome({ outcome: 'configured', version: 'v4', changes: ['image 1 -> 2', 'env MODE added'] }),
    );
    expect(await laptop.run('app apply -f deploy/web.yaml')).toEqual({
      exit: 0,
      stdout: 'application/web configured\n',
      stderr: 'web v4: image 1 -> 2; env MODE added (see: astroctl app diff web v3 v4)\n',
    });
  });

  describe('K8.6-27: that would delete most objects', () => {
    const refusing = () => {
      const laptop = laptopOf({ 'web.yaml': web('2') });
      laptop.on(applyApplicationRequest, ({ allowRemovals }) =>
        allowRemovals
          ? outcome({ outcome: 'configured', version: 'v2' })
          : domainError('deployments/removes-most', 'conflict', '3 of 4 objects would be deleted.'),
      );
      return laptop;
    };
    const sent = ({ sent }: Laptop) => sent.map(({ input }) => input['allowRemovals']);

    it('asks on a terminal, and applies after a confirmation', async () => {
      const yes = refusing();
      const { exit, stderr } = await yes.run('app apply -f deploy/web.yaml', { terminal: true, stdin: 'y\n' });
      expect({ exit, sent: sent(yes) }).toEqual({ exit: 0, sent: [undefined, true] });
      expect(stderr).toMatch(/^3 of 4 objects would be deleted\.\n.*Delete these objects\? \[y\/N\]/);
      const no = refusing();
      expect((await no.run('app apply -f deploy/web.yaml', { terminal: true, stdin: 'n\n' })).exit).toBe(1);
      expect(sent(no)).toEqual([undefined]);
    });

    it('exits with 2 without a terminal, and applies with -y', async () => {
      const laptop = refusing();
      expect((await laptop.run('app apply -f deploy/web.yaml')).exit).toBe(2);
      expect(sent(laptop)).toEqual([undefined]);
      expect((await laptop.run('app apply -f deploy/web.yaml -y')).exit).toBe(0);
      expect(sent(laptop)).toEqual([undefined, true]);
    });

    it('shows it in a dry run', async () => {
      const laptop = refusing();
      laptop.on(applyApplicationRequest, () => outcome({ removals: '3 of 4 objects would be deleted: A/a' }));
      expect((await laptop.run('app apply -f deploy/web.yaml --dry-run')).stderr).toContain(
        'Warning: 3 of 4 objects would be deleted: A/a.',
      );
    });
  });

  it.each(['app apply', 'app apply -f nowhere', 'app apply -f deploy --timeout x'])(
    'rejects wrong usage: %s',
    async (words) => {
      const laptop = laptopOf({});
      expect((await laptop.run(words)).exit).not.toBe(0);
      expect(laptop.sent).toEqual([]);
    },
  );
});

describe('app validate', () => {
  it('sends nothing without --online, and a dry run with it', async () => {
    const laptop = laptopOf({ 'web.yaml': web('1') });
    expect((await laptop.run('app validate -f deploy')).stdout).toBe('deploy/web.yaml: Application is valid\n');
    expect(laptop.sent).toEqual([]);
    expect((await laptop.run('app validate -f deploy --online')).stdout).toBe('application/web created (dry run)\n');
    expect(laptop.sent).toEqual([expect.objectContaining({ dryRun: true })]);
  });
});
