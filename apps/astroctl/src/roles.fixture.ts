import type { Permission } from '#access';

/** Callers of the test, by name. */
export const CALLER_NAMES = [
  'viewer',
  'editor',
  'admin',
  'owner',
  'auditor',
  'service',
  'developer',
  'global-admin',
] as const;
export type CallerName = (typeof CALLER_NAMES)[number];

/** What the words of a command can name. */
export interface Me {
  readonly name: CallerName;
  readonly email: string;
  readonly password: string;
  readonly organization: { readonly id: string; readonly slug: string };
  /** The only organization of a caller without a role in `organization`. */
  readonly ownOrganization: { readonly id: string; readonly slug: string };
  /** An access key of the caller, or of somebody else if the caller has none in the organization. */
  readonly key: string;
  /** The same key as text. */
  readonly keySecret: string;
  /** Another key of the caller that the test may revoke. A service member has only one. */
  readonly revocableKey: string;
  /** Keys of a service member that the test may revoke and rotate. */
  readonly othersKey: string;
  readonly serviceKey: string;
  /** A key as text that the test may report. */
  readonly leakedKey: string;
  readonly invitation: string;
  readonly position: string;
}

/** A case of a command: one row of the table for each permission that the command can need. */
export interface Row {
  /** What distinguishes the case from the other cases of the command. */
  readonly case?: string;
  /** The permission of the matrix; `PUBLIC` and `LOCAL` (sends nothing, or only what is public) are for everyone. */
  readonly needs: Permission | 'PUBLIC' | 'LOCAL';
  /** Another permission that suffices. */
  readonly orNeeds?: Permission;
  /** Arguments after the words of the command, split at spaces. */
  readonly args?: string | ((me: Me) => string);
  readonly stdin?: string | ((me: Me) => string);
  /** What is asked for needs a login, whatever the permission says. */
  readonly login?: true;
  /** A protected profile applies. */
  readonly isProtected?: true;
  /** Outcome of a caller who has the permission. Default: `0`. */
  readonly allowed?: string;
  /** Outcomes that the matrix does not decide, with the reason in a comment. */
  readonly except?: Partial<Record<CallerName, string>>;
  /**
   * Runs on another machine of the caller, in the only organization that a caller outside has: `new`, or after
   * `auth login`.
   */
  readonly otherMachine?: 'new' | 'logged in';
}

/** Returns a manifest. */
export const application = (name: string, profile = 'shop', more = ''): string =>
  `name: ${name}\nprofileName: ${profile}\n${more}source:\n  type: image\n  image: { registry: sandbox.invalid, repository: app, tag: '1' }\n`;

const read = (needs: Permission, args?: Row['args']): readonly Row[] => [
  { needs, ...(args !== undefined && { args }) },
];

const NO_MEMBER = '6 organization/not-found';
/** Rolls back to one revision and to the other in turn, since an application cannot be rolled back to what it has. */
const rollBack =
  (name: string, ...turns: readonly CallerName[]) =>
  (me: Me): string =>
    `${name} --to ${turns.indexOf(me.name) % 2 === 0 ? 'v1' : 'v2'} -y`;
/** The permission of the route is members.manage; that a role cannot grant more than it has is decided afterwards. */
const ONLY_OWNERS: Row['except'] = { admin: '5 organization/may-not-grant', service: '5 access/not-permitted' };
/** Editors read their own actions only. */
const NOT_THE_WHOLE_LOG: Row['except'] = { editor: '5 audit/whole-log-only', service: '5 audit/whole-log-only' };
const NOT_ABOUT_OTHERS: Row['except'] = {
  viewer: '5 access/others',
  editor: '5 access/others',
  service: '5 access/others',
};
/** The routes of keys are for the own keys too; that a key is of somebody else is decided afterwards. */
const ofMembersWithoutRight = (outcome: string): NonNullable<Row['except']> => ({
  viewer: outcome,
  editor: outcome,
  auditor: outcome,
  service: outcome,
});

/** Every command of astroctl, with the permission that it needs by the product's matrix. */
export const ROWS: Readonly<Record<string, readonly Row[]>> = {
  'app apply': [
    { needs: 'application.deploy', args: '-f -', stdin: (me) => application(`by-${me.name}`) },
    {
      case: 'on a protected profile',
      needs: 'application.deploy',
      args: '-f -',
      stdin: (me) => application(`live-by-${me.name}`, 'production'),
      isProtected: true,
    },
    {
      case: 'with namespaceMode preserve',
      needs: 'application.preserve',
      args: '-f -',
      stdin: (me) => application(`free-by-${me.name}`, 'shop', 'namespaceMode: preserve\n'),
    },
  ],
  'app get': read('application.read'),
  'app status': read('application.read', 'web'),
  'app resources': read('application.read', 'web'),
  'app top': [{ needs: 'application.read', args: 'web', allowed: '10 deployments/metrics-unavailable' }],
  'app wait': read('application.read', 'web --timeout 60s'),
  'app logs': read('application.logs', 'web --tail 1'),
  'app events': read('application.read', 'web'),
  'app history': read('application.read', 'web'),
  'app set': [{ needs: 'application.deploy', args: (me) => `web description=by-${me.name}` }],
  'app diff': [{ needs: 'application.read', args: 'web v1 v1' }],
  'app export': read('application.read', 'web'),
  'app open': [{ needs: 'application.read', args: 'web', allowed: '1' }],
  'app rollback': [
    { needs: 'application.deploy', args: rollBack('web', 'editor', 'admin', 'owner', 'service', 'global-admin') },
    {
      case: 'on a protected profile',
      needs: 'application.deploy',
      args: rollBack('live', 'admin', 'owner', 'global-admin'),
      isProtected: true,
    },
  ],
  'app sync': [{ needs: 'application.deploy', args: 'web' }],
  'app restart': [{ needs: 'application.deploy', args: 'web' }],
  'app adopt': [{ needs: 'application.adopt', args: 'web -y', allowed: '7 deployments/nothing-to-adopt' }],
  'app pause': [{ needs: 'application.deploy', args: 'web' }],
  'app resume': [{ needs: 'application.deploy', args: 'web' }],
  'app delete': [{ needs: 'application.delete', args: (me) => `gone-${me.name} -y` }],
  'app validate': [
    { needs: 'LOCAL', args: '-f -', stdin: application('web') },
    { case: 'on the server', needs: 'application.deploy', args: '-f - --online', stdin: application('web') },
  ],
  'app secrets set': [
    { needs: 'secrets.write', args: (me) => `web KEY_${me.name.replaceAll('-', '_').toUpperCase()}`, stdin: 'a value' },
    { case: 'on a protected profile', needs: 'secrets.write', args: 'live KEY', stdin: 'a value', isProtected: true },
  ],
  'app secrets list': read('application.read', 'web'),
  'app secrets unset': [
    { needs: 'secrets.write', args: (me) => `web KEY_${me.name.replaceAll('-', '_').toUpperCase()}` },
  ],
  'app webhook create': [{ needs: 'application.deploy', args: 'web', allowed: '7 webhook/needs-auto' }],
  'app webhook list': [{ needs: 'application.deploy', args: 'web' }],
  'app webhook delete': [{ needs: 'application.deploy', args: 'web none', allowed: '6 webhook/not-found' }],
  explain: [{ needs: 'PUBLIC', args: 'application.source' }],
  'app profile apply': [
    {
      case: 'that changes defaults',
      needs: 'profile.change',
      args: '-f -',
      stdin: (me) => `profileName: shop\nclusterName: sandbox\ndefaults: { port: ${8_000 + me.name.length} }\n`,
    },
    {
      case: 'that protects a profile',
      needs: 'profile.change',
      args: '-f -',
      stdin: (me) => `profileName: safe-${me.name}\nclusterName: sandbox\nprotected: true\n`,
      except: { editor: '5 access/profile-defaults-only', service: '5 access/profile-defaults-only' },
    },
  ],
  'app profile get': read('profile.read'),
  'app profile delete': [{ needs: 'profile.delete', args: (me) => `gone-${me.name} -y` }],
  'app profile tiers': read('self.read'),
  'clusters list': read('cluster.read'),
  'clusters get': read('cluster.read', 'sandbox'),
  'clusters register': [
    {
      needs: 'cluster.manage',
      args: '-f -',
      stdin: (me) => registration(`dev-${me.name}`),
      allowed: '1 clusters/egress-refused',
    },
  ],
  'clusters access': [{ needs: 'cluster.manage', args: 'sandbox' }],
  'clusters events': [...read('cluster.read', 'sandbox'), { case: 'of all clusters', needs: 'cluster.read' }],
  'clusters delete': [{ needs: 'cluster.manage', args: 'sandbox -y', allowed: '7 deployments/sandbox-stays' }],
  'clusters policy get': read('cluster.read', 'sandbox'),
  'clusters policy set': [{ needs: 'cluster.manage', args: (me) => `sandbox --namespaces *,!none-${me.name}` }],
  'clusters ingress get': read('cluster.read', 'sandbox'),
  'clusters ingress set': [{ needs: 'cluster.manage', args: (me) => `sandbox --domain ${me.name}.acme.dev` }],
  'clusters health get': read('cluster.read', 'sandbox'),
  'clusters health set': [{ needs: 'cluster.manage', args: 'sandbox -f -', stdin: 'kinds: []' }],
  'clusters set-context': [{ needs: 'cluster.kubeconfig', args: 'sandbox' }],
  'clusters delete-context': [
    // Only who could set the context has one.
    { needs: 'LOCAL', args: 'sandbox', except: { developer: '6', 'global-admin': '6' } },
  ],
  'kube-token': [{ needs: 'cluster.kubeconfig', args: '--cluster sandbox' }],
  'credentials list': [{ needs: 'credentials.manage' }],
  'credentials set': [
    { needs: 'credentials.manage', args: (me) => `${me.name}.acme.dev --kind git`, stdin: 'a token' },
  ],
  'credentials delete': [{ needs: 'credentials.manage', args: (me) => `${me.name}.acme.dev --kind git -y` }],
  'admin audit-keys rotate': [{ needs: 'platform.operate' }],
  'admin doctor': [{ needs: 'platform.operate' }],
  'admin projections list': [{ needs: 'platform.operate' }],
  'admin projections rebuild': [{ needs: 'platform.operate', args: 'deployments-egress.v1' }],
  'admin projections retry': [{ needs: 'platform.operate', args: 'deployments-egress.v1' }],
  'admin egress list': [{ needs: 'platform.operate' }],
  'admin egress allow': [{ needs: 'platform.operate', args: '10.99.0.0/16' }],
  'admin egress deny': [{ needs: 'platform.operate', args: '10.99.0.0/16' }],
  'auth login': [
    {
      case: 'as a member',
      needs: 'organization.leave', // whoever is a member
      except: { service: '2', 'global-admin': NO_MEMBER },
      args: (me) => `--username ${me.email} --password-stdin --org-id ${me.organization.id}`,
      stdin: (me) => me.password,
    },
    {
      case: 'with a key',
      needs: 'LOCAL',
      args: '--with-token',
      stdin: (me) => me.keySecret,
      otherMachine: 'new',
    },
  ],
  'auth status': [{ needs: 'self.read', otherMachine: 'logged in' }],
  whoami: [{ needs: 'self.read', otherMachine: 'logged in' }],
  'auth sessions list': read('self.enter'),
  'auth sessions end': [
    { needs: 'self.enter', args: 'none', allowed: '6 identity/no-such-session' },
    { case: 'of all others', needs: 'self.enter', args: '--others --keep none', allowed: '6 identity/no-such-session' },
  ],
  'auth logout': [{ needs: 'LOCAL', otherMachine: 'logged in', except: { service: '2' } }],
  'user list': [{ needs: 'platform.users' }],
  'user suspend': [{ needs: 'platform.users', args: 'spare@acme.dev -y' }],
  'user restore': [{ needs: 'platform.users', args: 'spare@acme.dev' }],
  'user erase': [
    { needs: 'platform.users', args: 'spare@acme.dev --dry-run', allowed: '7 organization/last-owner-of' },
  ],
  'user set-global-role': [{ needs: 'platform.users', args: 'spare@acme.dev admin' }],
  'user reset-password': [{ needs: 'platform.users', args: 'spare@acme.dev' }],
  'org list': [{ needs: 'self.read' }, { case: 'of the platform', needs: 'platform.organizations', args: '--all' }],
  'org get': read('organization.read'),
  'org create': [{ needs: 'organization.create', args: 'another' }],
  'org rename': [{ needs: 'organization.change', args: (me) => `acme-of-${me.name}` }],
  'org set': [{ needs: 'organization.change', args: (me) => `contact=${me.name}@acme.dev` }],
  'org use': [
    {
      needs: 'LOCAL',
      args: (me) => me.organization.slug,
      except: { service: '4', developer: '6', 'global-admin': '6' },
    },
  ],
  'org members': read('organization.read'),
  'org add-user': [
    { needs: 'members.manage', args: (me) => `--service by-${me.name} --role viewer` },
    {
      case: 'as an admin',
      needs: 'members.manage',
      args: (me) => `--service admin-by-${me.name} --role admin`,
      login: true,
    },
  ],
  'org set-role': [
    { needs: 'members.manage', args: (me) => `by-${me.name} editor` },
    {
      case: 'with the right audit',
      needs: 'members.manage',
      args: (me) => `by-${me.name} editor --audit`,
      login: true,
    },
    { case: 'of an owner', needs: 'owners.manage', args: 'second@acme.dev owner', except: ONLY_OWNERS },
  ],
  'org remove-user': [{ needs: 'members.manage', args: (me) => `--service by-${me.name}` }],
  'org delete': [{ needs: 'organization.delete', args: '--dry-run', allowed: '7 organization/in-use' }],
  'org leave': [{ needs: 'organization.leave', args: '--dry-run' }],
  'org invite': [
    { needs: 'members.manage', args: (me) => `by-${me.name}@acme.dev --role viewer` },
    { case: 'as an admin', needs: 'members.manage', args: (me) => `b-${me.name}@acme.dev --role admin`, login: true },
    {
      case: 'as an owner',
      needs: 'owners.manage',
      args: (me) => `c-${me.name}@acme.dev --role owner`,
      except: ONLY_OWNERS,
    },
  ],
  'org invitations': [{ needs: 'members.manage' }],
  'org resend-invitation': [{ needs: 'members.manage', args: (me) => me.invitation }],
  'org revoke-invitation': [{ needs: 'members.manage', args: (me) => me.invitation }],
  'org accept': [{ needs: 'self.enter', allowed: '6' }],
  'org decline': [{ needs: 'self.enter', allowed: '6' }],
  'key list': [{ needs: 'keys.own', orNeeds: 'keys.others' }],
  'key get': [{ needs: 'keys.own', orNeeds: 'keys.others', args: (me) => me.key }],
  'key create': [
    { needs: 'keys.create', args: '--name ci --role viewer' },
    { case: 'for a service member', needs: 'keys.service', args: '--name ci --service robot --role viewer' },
  ],
  'key rotate': [
    { case: 'its own', needs: 'keys.own', args: (me) => me.key, login: true, except: { service: '0' } },
    {
      case: 'of a service member',
      needs: 'keys.service',
      args: (me) => me.serviceKey,
      except: ofMembersWithoutRight('5 access-keys/not-yours-to-rotate'),
    },
  ],
  'key revoke': [
    {
      case: 'its own',
      needs: 'keys.own',
      orNeeds: 'keys.others', // a caller without a key in the organization has a key of its owner here
      args: (me) => `${me.revocableKey}${me.name === 'service' ? ' --dry-run' : ''}`,
    },
    {
      case: 'of others',
      needs: 'keys.others',
      args: (me) => me.othersKey,
      except: ofMembersWithoutRight('5 access-keys/not-yours'),
    },
  ],
  'key report': [{ needs: 'PUBLIC', stdin: (me) => me.leakedKey }],
  'org plan': read('organization.read'),
  'org usage': read('organization.read'),
  'org plan list': read('self.read'),
  'org plan set': [
    {
      needs: 'plan.change',
      args: 'developer --dry-run',
      allowed: '7 billing/over-new-limits',
      except: { owner: '5 billing/not-self-service' },
    },
  ],
  'audit list': [{ needs: 'audit.read' }, { case: 'of the platform', needs: 'platform.operate', args: '--platform' }],
  'org audit': [{ needs: 'audit.read' }],
  'access can-i': [{ needs: 'access.read', args: 'organization.read' }],
  'access who-can': [{ needs: 'audit.read', args: 'organization.read', except: NOT_ABOUT_OTHERS }],
  'access explain': [
    { needs: 'access.read', args: 'organization.read' },
    {
      case: 'about others',
      needs: 'audit.read',
      args: 'organization.read --user owner@acme.dev',
      except: NOT_ABOUT_OTHERS,
    },
    {
      case: 'about a service member, who may not',
      needs: 'audit.read',
      args: 'members.manage --user robot',
      except: NOT_ABOUT_OTHERS,
    },
  ],
  'access permissions': read('self.read'),
  'audit replay': [{ needs: 'audit.read', except: NOT_THE_WHOLE_LOG }],
  'audit head': [{ needs: 'audit.read', except: NOT_THE_WHOLE_LOG }],
  'audit keys': [{ needs: 'audit.read', except: NOT_THE_WHOLE_LOG }],
  'audit verify': [{ needs: 'audit.read', except: NOT_THE_WHOLE_LOG }],
  'audit prove': [{ needs: 'audit.read', args: (me) => me.position, except: NOT_THE_WHOLE_LOG }],
  'audit export': [{ needs: 'audit.read', except: NOT_THE_WHOLE_LOG }],
  version: [{ needs: 'PUBLIC' }],
  completion: [{ needs: 'LOCAL', args: 'bash' }],
  __complete: [{ needs: 'LOCAL', args: '-- app st' }],
  'config view': [{ needs: 'LOCAL' }],
  install: [{ needs: 'LOCAL', args: '--prefix .' }],
};

const registration = (name: string): string =>
  `apiVersion: platform.astropulse.io/v1\nkind: K8sClusterRegistration\nspec: { clusterName: ${name}, server: 'https://10.98.0.1:6443', token: x }\n`;
