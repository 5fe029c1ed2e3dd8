import { createLaptop } from '#cli/testing';
import { getUsageRequest } from '#billing/contract';
import { domainError } from '#kernel';
import {
  changeOrganizationRequest,
  getOrganizationRequest,
  listMembersRequest,
  listOrganizationsRequest,
  removeMemberRequest,
  setMemberRequest,
  deleteOrganizationRequest,
  leaveOrganizationRequest,
  type MemberLoss,
  type OrganizationView,
} from '#organizations/contract';
import { temporaryFolder } from '#testing';
import { organizationsCommands, organizationsGroups } from './cli.ts';

const folder = temporaryFolder();
const laptopOf = () => createLaptop(folder, { commands: organizationsCommands, groups: organizationsGroups });
const since = '2026-01-01T00:00:00.000Z';
const lost: MemberLoss = { role: 'editor', audit: false, permissions: [], keys: [], invitations: [] };
const listed = {
  id: 'user-grace',
  email: 'grace@acme.dev',
  name: null,
  kind: 'person',
  audit: false,
  since,
  until: null,
  auditUntil: null,
} as const;
const grace = { ...listed, lost };

/** Returns the platform's error for a key that grants, changes, or removes the roles admin and owner. */
const keyRefused = () =>
  domainError('key/login-required', 'forbidden', 'An access key cannot grant or change the roles admin and owner.', {
    fix: 'astroctl auth login',
  });
const isKey = (credential: string | undefined) => credential?.startsWith('key-') ?? false;

describe('use-C3: changes that an access key may not make', () => {
  it('demotes an admin with a login, since the old role requires one', async () => {
    const laptop = laptopOf();
    laptop.logIn(['acme']);
    laptop.on(setMemberRequest, ({ role }, { credential }) => (isKey(credential) ? keyRefused() : { ...grace, role }));
    const { exit, stdout, stderr } = await laptop.run('org set-role grace@acme.dev viewer', { terminal: true });
    expect({ exit, stdout, stderr }).toEqual({
      exit: 0,
      stdout: 'grace@acme.dev: editor → viewer\n',
      stderr: '',
    });
    expect(laptop.sent.map(({ credential }) => credential)).toEqual(['key-of-acme', 'login-1']);
    expect(laptop.logins).toBe(1);
  });

  it('removes an admin with a login', async () => {
    const laptop = laptopOf();
    laptop.logIn(['acme']);
    laptop.on(removeMemberRequest, ({ user }, { credential }) =>
      isKey(credential) ? keyRefused() : { id: user, removed: true, lost },
    );
    const { exit, stdout } = await laptop.run('org remove-user --user grace@acme.dev', { terminal: true });
    expect({ exit, stdout }).toEqual({ exit: 0, stdout: 'member/grace@acme.dev removed\n' });
  });

  it('uses a login of the last 15 minutes, and requests none where the key suffices', async () => {
    const laptop = laptopOf();
    laptop.logIn(['acme'], { login: { accessToken: 'earlier-login', expiresAt: '2026-01-01T00:10:00Z' } });
    laptop.on(setMemberRequest, ({ role }, { credential }) =>
      isKey(credential) && role === 'admin' ? keyRefused() : { ...grace, role },
    );
    expect((await laptop.run('org set-role grace@acme.dev admin')).exit).toBe(0);
    expect((await laptop.run('org set-role grace@acme.dev viewer')).exit).toBe(0);
    expect(laptop.sent.map(({ credential }) => credential)).toEqual(['key-of-acme', 'earlier-login', 'key-of-acme']);
    expect(laptop.logins).toBe(0);
  });

  it('prints the fix once when there is no terminal', async () => {
    const laptop = laptopOf();
    laptop.logIn(['acme']);
    laptop.on(setMemberRequest, keyRefused);
    const { exit, stderr } = await laptop.run('org set-role grace@acme.dev viewer');
    expect({ exit, stderr }).toEqual({
      exit: 4,
      stderr: 'Error: Login required, but there is no terminal.\nFix:   Run: astroctl auth login\n',
    });
  });

  it('reports what the login may not do instead of requesting another login', async () => {
    const laptop = laptopOf();
    laptop.logIn(['acme']);
    laptop.on(setMemberRequest, (_input, { credential }) =>
      isKey(credential)
        ? keyRefused()
        : domainError('organization/may-not-grant', 'forbidden', 'Your role cannot grant or revoke the role owner.'),
    );
    const { exit, stderr } = await laptop.run('org set-role grace@acme.dev owner', { terminal: true });
    expect({ exit, logins: laptop.logins }).toEqual({ exit: 5, logins: 1 });
    expect(stderr).toMatch(/^Error: Your role cannot grant or revoke the role owner\.$/m);
  });
});

const acme: OrganizationView = {
  id: 'id-of-acme',
  name: 'Acme',
  slug: 'acme',
  isDefault: false,
  status: 'ACTIVE',
  role: 'owner',
  plan: 'developer',
  createdAt: since,
  members: 2,
  memberLimit: 5,
  settings: { contact: null, keyExpiry: null, viewersReadLogs: true, revokeLeakedKeys: false },
};

it('use-D23: org set-role changes the role of a member and adds nobody', async () => {
  const laptop = laptopOf();
  laptop.logIn(['acme']);
  laptop.on(setMemberRequest, ({ user, add }) =>
    add === false
      ? domainError('organization/no-such-member', 'not-found', `${user} is not a member of the organization.`)
      : { ...grace, role: 'viewer' as const },
  );
  const { exit, stderr } = await laptop.run('org set-role linus@acme.dev editor');
  expect({ exit, stderr: stderr.split('\n')[0] }).toEqual({
    exit: 6,
    stderr: 'Error: linus@acme.dev is not a member of the organization.',
  });
});

describe('use-C4: the user that a command applies to', () => {
  it.each(['--user grace@acme.dev', '--user-id grace@acme.dev'])('is given by %s', async (flag) => {
    const laptop = laptopOf();
    laptop.logIn(['acme']);
    laptop.on(setMemberRequest, ({ role }) => ({ ...grace, role }));
    expect((await laptop.run(`org add-user --org-id acme ${flag}`)).exit).toBe(0);
    expect(laptop.sent[0]?.input).toEqual({ org: 'id-of-acme', user: 'grace@acme.dev', role: 'viewer', add: true });
  });
});

describe('use-C5: org use', () => {
  const globex = { ...acme, id: 'id-of-globex', slug: 'globex' };

  it('changes the organization of later commands', async () => {
    const laptop = laptopOf();
    laptop.logIn(['acme', 'globex']);
    laptop.on(listMembersRequest, () => ({ items: [{ ...listed, role: 'viewer' as const }] }));
    expect((await laptop.run('org members')).exit).toBe(2);
    expect((await laptop.run('org use globex')).exit).toBe(0);
    expect((await laptop.run('org members -o name')).stdout).toBe('member/user-grace\n');
    expect(laptop.sent).toEqual([
      { subject: listMembersRequest.subject, input: { org: 'id-of-globex' }, credential: 'key-of-globex' },
    ]);
  });

  it('reports that the organization does not exist, and lists those that do', async () => {
    const laptop = laptopOf();
    laptop.logIn(['acme', 'globex']);
    laptop.on(listOrganizationsRequest, () => ({ items: [acme, globex] }));
    const { exit, stderr } = await laptop.run('org use nope');
    expect(exit).toBe(6);
    expect(stderr).toMatch(/^Error: Organization nope not found, or you are not a member\. .* acme, globex\.$/m);
  });

  it('reports that only the key is missing', async () => {
    const laptop = laptopOf();
    laptop.logIn(['acme']);
    laptop.on(listOrganizationsRequest, () => ({ items: [acme, globex] }));
    const { exit, stderr } = await laptop.run('org use globex');
    expect({ exit, stderr }).toEqual({ exit: 4, stderr: expect.stringContaining('auth login --org-id globex') });
  });
});

describe('org rename', () => {
  it('renames the current organization, and keeps the local keys under the new slug', async () => {
    const laptop = laptopOf();
    laptop.logIn(['acme']);
    laptop.on(changeOrganizationRequest, ({ name = acme.name, slug = acme.slug }) => ({ ...acme, name, slug }));
    const { exit, stdout } = await laptop.run(['org', 'rename', 'Acme Rockets', '--slug', 'rockets']);
    expect({ exit, stdout }).toEqual({ exit: 0, stdout: 'organization/rockets renamed: Acme Rockets\n' });
    expect(laptop.sent.at(-1)?.input).toEqual({ org: 'id-of-acme', name: 'Acme Rockets', slug: 'rockets' });
    expect((await laptop.run('org use rockets')).exit).toBe(0);
    expect((await laptop.run('org members --org acme')).stderr).toContain('auth login --org-id acme');
  });

  it('keeps the slug when none is given', async () => {
    const laptop = laptopOf();
    laptop.logIn(['acme']);
    laptop.on(changeOrganizationRequest, ({ name = acme.name }) => ({ ...acme, name }));
    expect((await laptop.run('org rename Rockets')).exit).toBe(0);
    expect(laptop.sent.at(-1)?.input).toEqual({ org: 'id-of-acme', name: 'Rockets' });
  });
});

describe('org set', () => {
  const withSettings = () => {
    const laptop = laptopOf();
    laptop.logIn(['acme']);
    laptop.on(changeOrganizationRequest, ({ settings }) => ({
      ...acme,
      settings: { ...acme.settings, ...settings },
    }));
    return laptop;
  };

  it('changes the given settings, and prints all of them', async () => {
    const laptop = withSettings();
    const { exit, stdout } = await laptop.run('org set contact=team@acme.dev viewersReadLogs=no');
    expect(exit).toBe(0);
    expect(stdout).toBe(
      'organization/acme changed\ncontact:         team@acme.dev\nkeyExpiry:       -\nviewersReadLogs: no\nrevokeLeakedKeys: no\n',
    );
    expect(laptop.sent.at(-1)?.input).toMatchObject({ settings: { contact: 'team@acme.dev', viewersReadLogs: false } });
  });

  it('restores the default for an empty value', async () => {
    const laptop = withSettings();
    await laptop.run(['org', 'set', 'contact=', 'keyExpiry=', 'viewersReadLogs=', 'revokeLeakedKeys=']);
    expect(laptop.sent.at(-1)?.input).toMatchObject({
      settings: { contact: null, keyExpiry: null, viewersReadLogs: true, revokeLeakedKeys: false },
    });
  });

  it.each([
    ['revokeLeakedKey=yes', 'use KEY=VALUE with one of contact, keyExpiry, viewersReadLogs, revokeLeakedKeys'],
    ['contacts', 'use KEY=VALUE with one of contact, keyExpiry, viewersReadLogs, revokeLeakedKeys'],
    ['viewersReadLogs=maybe', 'choose yes or no'],
  ])('sends nothing for %s', async (word, fix) => {
    const laptop = withSettings();
    const { exit, stderr } = await laptop.run(['org', 'set', word]);
    expect(exit).toBe(2);
    expect(stderr).toContain(fix);
    expect(laptop.sent).toEqual([]);
  });
});

describe('org get', () => {
  const { members: _members, memberLimit: _memberLimit, ...rest } = acme;
  const unlimited = { used: null, limit: null };
  const counts = {
    members: { used: 3, limit: 5 },
    clusters: { used: 0, limit: 2 },
    applications: { used: 4, limit: 10 },
    profiles: { used: null, limit: 5 },
    activeKeys: { used: 1, limit: 10 },
  };

  it('prints the use of the plan against its limits, and the settings', async () => {
    const laptop = laptopOf();
    laptop.logIn(['acme']);
    laptop.on(getOrganizationRequest, () => acme);
    laptop.on(getUsageRequest, () => ({
      plan: 'developer',
      limits: {
        ...counts,
        deploymentsPerDay: { used: 1, limit: 100 },
        requestsPerMinute: unlimited,
        keyLifetimeDays: unlimited,
        auditDaysShown: unlimited,
      },
      pendingInvitations: 1,
      deployments: [],
      pricingUrl: 'https://plans.example',
    }));
    const { stdout } = await laptop.run('org get');
    expect(stdout).toContain(
      'members:         3/5\nclusters:        0/2\napplications:    4/10\nprofiles:        -/5\nactiveKeys:      1/10\n',
    );
    expect(stdout).toMatch(/^viewersReadLogs: +yes$/m);
    const { stdout: json } = await laptop.run('org get -o json');
    expect(JSON.parse(json)).toEqual({ ...rest, ...counts });
  });

  it('prints the organization also while its use is not available', async () => {
    const laptop = laptopOf();
    laptop.logIn(['acme']);
    laptop.on(getOrganizationRequest, () => acme);
    laptop.on(getUsageRequest, () => domainError('bus/nobody-serves', 'unavailable', 'Billing does not respond.'));
    const { exit, stdout } = await laptop.run('org get');
    expect(exit).toBe(0);
    expect(stdout).toContain('members:         2/5\nclusters:        -\n');
    const { stdout: json } = await laptop.run('org get -o json');
    expect(JSON.parse(json)).toMatchObject({ members: { used: 2, limit: 5 }, applications: unlimited });
  });
});

describe('org set-role', () => {
  it('prints what the member loses, and each loss in a dry run', async () => {
    const laptop = laptopOf();
    laptop.logIn(['acme']);
    const keys = [
      { id: 'key_1', name: 'ci', role: 'viewer' as const },
      { id: 'key_2', name: 'laptop', role: 'viewer' as const },
    ];
    laptop.on(setMemberRequest, ({ role }) => ({
      ...grace,
      role,
      lost: { ...lost, permissions: ['application.deploy'], keys, invitations: ['invitation-1'] },
    }));
    const { stdout, stderr } = await laptop.run('org set-role grace@acme.dev viewer --dry-run');
    expect(stdout).toBe('grace@acme.dev: editor → viewer; 2 keys shrink to read-only, 1 invitation ends (dry run)\n');
    expect(stderr).toBe(
      'loses application.deploy\nkey key_1 (ci) shrinks to viewer\nkey key_2 (laptop) shrinks to viewer\ninvitation invitation-1 can no longer be accepted\n',
    );
  });

  it.each([
    ['--until 2027-03-31', { audit: false, until: '2027-03-31' }],
    ['--audit', { audit: true }],
    ['--audit --until 2027-03-31', { audit: true, auditUntil: '2027-03-31' }],
    ['--until 2027-06-30 --audit --until 2027-03-31', { audit: true, until: '2027-06-30', auditUntil: '2027-03-31' }],
  ])('takes %s: behind --audit, the date ends that right only', async (flags, sent) => {
    const laptop = laptopOf();
    laptop.logIn(['acme']);
    laptop.on(setMemberRequest, ({ role }) => ({ ...grace, role }));
    expect((await laptop.run(`org set-role grace@acme.dev viewer ${flags}`)).exit).toBe(0);
    const { input } = laptop.sent[0] ?? {};
    expect(input).toMatchObject({ user: 'grace@acme.dev', role: 'viewer', add: false, ...sent });
    expect(Object.keys(input as object).filter((name) => name.toLowerCase().endsWith('until'))).toEqual(
      Object.keys(sent).filter((name) => name.toLowerCase().endsWith('until')),
    );
  });

  it('takes a service member by name', async () => {
    const laptop = laptopOf();
    laptop.logIn(['acme']);
    laptop.on(setMemberRequest, ({ role }) => ({ ...grace, email: null, name: 'ci-deploy', kind: 'service', role }));
    expect((await laptop.run('org set-role ci-deploy viewer')).stdout).toBe('ci-deploy: editor → viewer\n');
    expect(laptop.sent[0]?.input).toMatchObject({ user: 'service:ci-deploy' });
  });
});

describe('org leave', () => {
  it('needs -y without a terminal, and then removes the key of this machine', async () => {
    const laptop = laptopOf();
    laptop.logIn(['acme'], { login: { accessToken: 'earlier-login', expiresAt: '2026-01-01T00:10:00Z' } });
    let left = 0;
    laptop.on(leaveOrganizationRequest, () => {
      left += 1;
      return { id: 'user-grace', removed: true, lost };
    });
    expect((await laptop.run('org leave')).exit).toBe(2);
    expect(left).toBe(1); // the dry run, which shows what ends
    const { exit, stdout } = await laptop.run('org leave -y');
    expect({ exit, stdout }).toEqual({ exit: 0, stdout: 'organization/acme left\n' });
    expect((await laptop.run('org members')).exit).toBe(4);
  });
});

const none = { count: 0, names: [] };
const nothing = { applications: none, profiles: none, clusters: none, keys: none };

describe('org delete', () => {
  it('needs the name of the organization, and sends nothing but the dry run without it', async () => {
    const laptop = laptopOf();
    laptop.logIn(['acme'], { login: { accessToken: 'earlier-login', expiresAt: '2026-01-01T00:10:00Z' } });
    let sent = 0;
    laptop.on(deleteOrganizationRequest, ({ org }) => {
      sent += 1;
      return { id: org, slug: 'acme', name: 'Acme', status: 'DELETING' as const, deletes: nothing };
    });
    for (const words of ['org delete', 'org delete -y', 'org delete --confirm globex']) {
      sent = 0;
      const { exit, stderr } = await laptop.run(words);
      expect({ exit, sent }).toEqual({ exit: 2, sent: 1 });
      expect(stderr).toContain('use --confirm acme');
    }
    expect((await laptop.run('org delete --confirm acme')).stdout).toBe('organization/acme deleted\n');
    expect(sent).toBe(3);
    expect(laptop.config()).not.toContain('key-of-acme');
  });

  it('with --cascade shows what is deleted before it asks, and works without a key of the organization', async () => {
    const laptop = laptopOf();
    laptop.logIn(['globex'], { login: { accessToken: 'earlier-login', expiresAt: '2026-01-01T00:10:00Z' } });
    const keys = { count: 51, names: Array.from({ length: 50 }, (_, index) => `key-${index}`) };
    laptop.on(deleteOrganizationRequest, () => ({
      id: 'id-of-acme',
      slug: 'acme',
      name: 'Acme',
      status: 'DELETING' as const,
      deletes: { ...nothing, applications: { count: 2, names: ['api', 'web'] }, keys },
    }));
    const words = 'org delete --org acme --cascade --orphan';
    const dry = await laptop.run(`${words} --dry-run`);
    expect({ exit: dry.exit, stdout: dry.stdout }).toEqual({
      exit: 0,
      stdout: 'organization/acme would be deleted (dry run)\n',
    });
    expect(dry.stderr).toContain('Deletes 2 applications (objects on the clusters are kept): api, web\n');
    expect(dry.stderr).toMatch(/^Deletes 51 keys: key-0, .*key-49, and 1 more$/m);
    expect(dry.stderr).not.toContain('cluster:');
    expect((await laptop.run(words)).exit).toBe(2);
    expect(await laptop.run(`${words} --confirm acme`)).toMatchObject({
      exit: 0,
      stdout: 'organization/acme is being deleted\n',
      stderr: expect.stringContaining('astroctl org list'),
    });
    expect(laptop.sent.at(-1)).toMatchObject({
      input: { org: 'id-of-acme', cascade: true, orphan: true },
      credential: 'earlier-login',
    });
  });

  it('needs --cascade with --orphan', async () => {
    const laptop = laptopOf();
    laptop.logIn(['acme']);
    const { exit, stderr } = await laptop.run('org delete --orphan --confirm acme');
    expect({ exit, sent: laptop.sent }).toEqual({ exit: 2, sent: [] });
    expect(stderr).toContain('add --cascade');
  });

  it('in progress is shown by org list and org get, with what completes it', async () => {
    const laptop = laptopOf();
    laptop.logIn(['acme']);
    const deletion = {
      cascade: true,
      orphan: false,
      applications: 1,
      profiles: 0,
      clusters: 0,
      waits: [],
      reason: 'still to be deleted: 1 application',
      fix: 'astroctl org delete --org acme --cascade --orphan',
    };
    const organization = { ...acme, status: 'DELETING' as const, deletion };
    laptop.on(listOrganizationsRequest, () => ({ items: [organization] }));
    laptop.on(getOrganizationRequest, () => organization);
    laptop.on(getUsageRequest, () => domainError('bus/unavailable', 'unavailable', 'No answer.'));
    for (const words of ['org list -o wide', 'org get']) {
      const { stdout, stderr } = await laptop.run(words);
      expect(stdout).toContain('DELETING');
      expect(stderr).toContain(
        'acme is being deleted; still to be deleted: 1 application\nFix:   astroctl org delete --org acme --cascade --orphan\n',
      );
    }
    expect(JSON.parse((await laptop.run('org get -o json')).stdout)).toMatchObject({ deletion });
  });
});
