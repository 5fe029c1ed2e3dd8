import { createLaptop } from '#cli/testing';
import { getRevisionRequest, type RevisionReceipt } from '#deployments/contract';
import { temporaryFolder } from '#testing';
import { deploymentsCommands } from './cli.ts';

const folder = temporaryFolder();
const attempt: RevisionReceipt['attempts'][number] = {
  id: 'attempt-7',
  number: 7,
  cause: 'apply',
  by: 'ada@acme.dev',
  requestId: 'r1',
  requestedAt: '2026-12-01T01:00:00.000Z',
  message: 'fix the checkout',
  failFast: true,
  allowRemovals: true,
  restart: false,
  state: 'FAILED',
  endedAt: '2026-12-01T01:01:00.000Z',
  result: 'no pods\u001b[2J',
  code: 'deployments/image-not-found',
  fix: 'push the image',
  fetched: 'images.acme.dev/web:2',
  objects: 2,
  digest: '0123456789abcdef',
  changes: [{ object: 'Deployment/web', action: 'update', fields: ['spec.replicas'] }],
  changeCount: 1,
  warnings: ['runs as root'],
};
const receipt: RevisionReceipt = {
  by: 'ada@acme.dev',
  byAdmin: true,
  permission: 'application.deploy',
  requestId: 'r1',
  when: '2026-12-01T01:00:00.000Z',
  message: 'fix the checkout',
  rollbackOf: null,
  source: { type: 'repository', ref: 'git https://git.acme.dev/shop main@9f2c', commit: '9f2c41d0', digest: null },
  profile: { name: 'production', revision: 3 },
  tier: 'basic',
  cluster: 'dev',
  namespace: 'acme-web',
  options: {
    namespaceMode: 'override',
    auto: true,
    prune: false,
    selfHeal: true,
    rollback: false,
    dependsOn: ['database'],
  },
  summary: [],
  changes: ['replicas 1 -> 2'],
  attempts: [attempt],
  attemptCount: 3,
};
const objects = [1, 2, 3].map((number) => ({ kind: 'ConfigMap', metadata: { name: `c${number}` } }));
const laptop = () => {
  const made = createLaptop(folder, { commands: deploymentsCommands });
  made.logIn(['acme']);
  made.on(getRevisionRequest, ({ objects: wanted, from = 0 }) => ({
    version: 'v4',
    revision: 4,
    manifest: {},
    hidden: 0,
    receipt,
    ...(wanted && { objects: objects.slice(Number(from), Number(from) + 2), ...(from === 0 && { next: 2 }) }),
  }));
  return made;
};

describe('app history NAME VERSION', () => {
  it('shows who changed what and why, and each attempt', async () => {
    const { exit, stdout } = await laptop().run('app history web v4');
    expect(exit).toBe(0);
    expect(stdout.split('\n')).toEqual([
      'name:            web',
      'version:         v4',
      'by:              ada@acme.dev',
      'permission:      application.deploy as owner or admin',
      'when:            2026-12-01T01:00:00.000Z',
      'requestId:       r1',
      'message:         fix the checkout',
      'rollbackOf:      -',
      'source:          repository git https://git.acme.dev/shop main@9f2c',
      'commit:          9f2c41d0',
      'digest:          -',
      'profile:         production, revision 3',
      'tier:            basic',
      'cluster:         dev',
      'namespace:       acme-web',
      'options:         no prune, auto, selfHeal, dependsOn database',
      'changes:         replicas 1 -> 2',
      '2 older attempts are not shown',
      '',
      'attempt 7: apply by ada@acme.dev at 2026-12-01T01:00:00.000Z, FAILED at 2026-12-01T01:01:00.000Z',
      '  message: fix the checkout',
      '  option: fail-fast',
      '  option: delete most objects',
      '  source: images.acme.dev/web:2',
      '  objects: 2, sha256:0123456789ab',
      '  changed: 1',
      '    update Deployment/web: spec.replicas',
      '  warning: runs as root',
      '  result: no pods\\u001b[2J',
      '  code: deployments/image-not-found',
      '  fix: push the image',
      '',
    ]);
  });

  it('prints the objects of all pages with --objects', async () => {
    const at = laptop();
    const { stdout } = await at.run('app history web v4 --objects');
    expect(stdout).toBe([1, 2, 3].map((number) => `---\nkind: ConfigMap\nmetadata:\n  name: c${number}\n`).join(''));
    expect(at.sent.map(({ input }) => input['from'])).toEqual([undefined, 2]);
    const whole = JSON.parse((await at.run('app history web v4 --objects -o json')).stdout) as object;
    expect(whole).toMatchObject({ version: 'v4', by: 'ada@acme.dev', objects });
    expect(JSON.parse((await at.run('app history web v4 -o json')).stdout)).not.toHaveProperty('objects');
    expect(await at.run('app history web --objects')).toMatchObject({ exit: 2 });
  });
});
