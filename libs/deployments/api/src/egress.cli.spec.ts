import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLaptop } from '#cli/testing';
import {
  listEgressRequest,
  registerClusterRequest,
  setEgressRequest,
  type ClusterView,
  type EgressEntry,
} from '#deployments/contract';
import { egressRefused } from '#egress';
import { meRequest } from '#identity/contract';
import { temporaryFolder } from '#testing';
import { deploymentsCommands } from './cli.ts';

const folder = temporaryFolder();
const entry = '127.0.0.1:40123';
const rows: EgressEntry[] = [
  { entry: '10.4.0.0/16', source: 'setting', by: null, since: null },
  { entry, source: 'admin', by: 'ada@acme.dev', since: '2026-11-24T12:02:11Z' },
];

const cluster: ClusterView = {
  id: 'c1',
  name: 'kind',
  state: 'READY',
  reason: null,
  provider: 'kind',
  region: null,
  type: 'registered',
  version: 'v1.36.0',
  nodes: 1,
  server: `https://${entry}`,
  heartbeat: null,
  policy: { namespaces: ['*'], clusterScoped: 'deny', podSecurity: 'baseline' },
  createdAt: '2026-11-24T12:02:11Z',
  revision: 1,
  apps: 0,
};

/**
 * Returns a machine with a registration of a kind cluster, and a platform that rejects addresses that are not allowed.
 */
function laptop(globalRole: 'admin' | 'developer') {
  const at = createLaptop(folder, { commands: deploymentsCommands });
  at.logIn(['acme']);
  writeFileSync(
    join(at.folder, 'kind.yaml'),
    `apiVersion: platform.astropulse.io/v1\nkind: K8sClusterRegistration\nspec: { clusterName: kind, server: "https://${entry}", token: token }\n`,
  );
  const allowed = new Set<string>();
  at.on(meRequest, () => ({
    userId: 'user-ada',
    email: 'ada@acme.dev',
    globalRole,
    organization: 'acme',
    orgId: 'id-of-acme',
    orgRole: 'owner' as const,
    plan: 'developer',
    accessKey: null,
    keyId: null,
    keyRole: null,
    keyExpires: null,
  }));
  at.on(setEgressRequest, ({ entry: of, allowed: isAllowed }) => {
    if (isAllowed) allowed.add(of);
    return { entry: of, allowed: isAllowed, dryRun: false };
  });
  at.on(registerClusterRequest, () =>
    allowed.has(entry)
      ? { cluster, outcome: 'created' as const, dryRun: false }
      : egressRefused({ address: '127.0.0.1', port: 40_123 }),
  );
  return at;
}

describe('use-S10: admin egress', () => {
  it('lists what the settings and global admins allow, with author and time', async () => {
    const at = laptop('admin');
    at.on(listEgressRequest, () => ({ items: rows }));
    const listed = await at.run('admin egress list', { terminal: true });
    expect(listed.stdout.split('\n').map((line) => line.trim().split(/ {2,}/))).toEqual([
      ['ENTRY', 'SOURCE', 'BY', 'SINCE'],
      ['10.4.0.0/16', 'ASTRO_EGRESS_ALLOW', '-', '-'],
      [entry, 'admin', 'ada@acme.dev', '2026-11-24T12:02:11Z'],
      [''],
    ]);
    expect(await at.run('admin egress list -o name', { terminal: true })).toMatchObject({
      stdout: `egress/10.4.0.0/16\negress/${entry}\n`,
    });
  });

  it('allows and denies with a login', async () => {
    const at = laptop('admin');
    for (const [word, allowed] of [
      ['allow', true],
      ['deny', false],
    ] as const)
      expect(await at.run(`admin egress ${word} ${entry}`, { terminal: true })).toMatchObject({
        exit: 0,
        stdout: `egress/${entry} ${allowed ? 'allowed' : 'denied'}\n`,
      });
    expect(at.sent).toMatchObject([
      { input: { entry, allowed: true }, credential: 'login-1' },
      { input: { entry, allowed: false }, credential: 'login-1' },
    ]);
  });
});

describe('use-S10: the registration of a cluster of kind, k3d, or minikube', () => {
  it('asks a global admin in a terminal whether to allow its address, and continues', async () => {
    const at = laptop('admin');
    const done = await at.run('clusters register -f kind.yaml', { terminal: true, stdin: 'y\n' });
    expect(done).toMatchObject({ exit: 0, stdout: expect.stringContaining('cluster/kind created') });
    expect(done.stderr).toContain(`Allow the platform to connect to ${entry}, for all organizations? [y/N]`);
    expect(at.sent.map(({ subject }) => subject.replace('deployments.v1.', ''))).toEqual([
      'clusters.register',
      'identity.v1.me',
      'egress.set',
      'clusters.register',
    ]);
  });

  it.each([
    ['an admin who says no', 'admin', { terminal: true, stdin: 'n\n' }, ''],
    ['an admin without a terminal', 'admin', {}, ''],
    ['an admin who answers every question with -y', 'admin', { terminal: true }, ' -y'],
    ['somebody else', 'developer', { terminal: true, stdin: 'y\n' }, ''],
  ] as const)('changes nothing for %s, and shows the command', async (_who, globalRole, options, more) => {
    const at = laptop(globalRole);
    const refused = await at.run(`clusters register -f kind.yaml${more}`, options);
    expect(refused).toMatchObject({ exit: 1, stdout: '' });
    expect(refused.stderr).toContain(`Fix:   a global admin can allow it: astroctl admin egress allow ${entry}`);
    expect(at.sent.filter(({ subject }) => subject.endsWith('egress.set'))).toEqual([]);
  });
});
