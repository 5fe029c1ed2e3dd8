import { call, eventually, loginAdmin, newPerson, startPlatform, type Person, type Platform } from '#testing';
import { createTestAuthority, startFileServer, type FileServer } from '#testing/charts';
import { everyContract } from '#testing/contracts';
import { logOf } from '#testing/log';
import { startSmallCluster, type SmallCluster } from './testing/small-cluster.ts';

/** A successful write request, and how to read the ETag of its resource. */
interface Case {
  readonly path: string;
  readonly body?: unknown;
  /** Creates or changes the resource, and returns its ETag. */
  readonly etag?: () => Promise<string>;
  /** Defaults to Ada. */
  readonly by?: () => Person;
}

let platform: Platform;
let cluster: SmallCluster;
let charts: FileServer;
let ada: Person;
let grace: Person;
/** A user whose state changes. */
let hedy: Person;
/** A user who is erased. */
let mary: Person;
let org: string;

beforeAll(async () => {
  cluster = await startSmallCluster();
  const tls = await createTestAuthority('localhost');
  charts = await startFileServer({ tls });
  const archive = `digest: ${'ab'.repeat(32)}, urls: [web-1.0.0.tgz]`;
  charts.files.set('/index.yaml', `apiVersion: v1\nentries: { web: [{ name: web, version: 1.0.0, ${archive} }] }\n`);
  platform = await startPlatform({ environment: { ASTRO_EGRESS_ALLOW: '127.0.0.0/8,::1/128' } });
  ada = await loginAdmin(platform);
  grace = await newPerson(platform, 'grace@astro.localhost', 'a password of grace');
  hedy = await newPerson(platform, 'hedy@astro.localhost', 'a password of hedy');
  mary = await newPerson(platform, 'mary@astro.localhost', 'a password of mary');
  org = `/v1/organizations/${ada.organization.id}`;
  const settings = { kind: 'registry', certificateAuthority: tls.cert };
  expect(await send(`PUT ${org}/credentials/localhost:${charts.port}`, settings)).toMatchObject({ status: 200 });
  // the sandbox is created on the first request
  expect(await send(`GET ${org}/profiles`)).toMatchObject({ status: 200 });
  await failOverAnOrphan();
});
afterAll(async () => {
  await platform.stop();
  await cluster.close();
  await charts.close();
});

const send = (what: string, body?: unknown, headers: Readonly<Record<string, string>> = {}, by = ada) =>
  call(platform.url, what, { credential: by.accessToken, headers, ...(body !== undefined && { body }) });

/** Applies `adopter`, whose only object was left on the cluster by a deleted application and belongs to nobody. */
async function failOverAnOrphan(): Promise<void> {
  const manifests = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: left }\n';
  const source = { type: 'yaml', yaml: { manifests } };
  const apply = (name: string, namespace: string) =>
    send(`PUT ${org}/applications/${name}`, { name, namespace, profileName: 'default', source });
  const status = async (name: string) => (await send(`GET ${org}/applications/${name}`)).body;
  expect(await apply('leaver', 'adoption')).toMatchObject({ status: 201 });
  await eventually(async () => expect(await status('leaver')).toMatchObject({ status: 'RUNNING' }));
  await send(`DELETE ${org}/applications/leaver?orphan=true`);
  await eventually(async () =>
    expect(await status('leaver')).toMatchObject({ code: expect.stringMatching(/not-found/) }),
  );
  expect(await apply('adopter', 'adoption')).toMatchObject({ status: 201 });
  await eventually(async () =>
    expect(await status('adopter')).toMatchObject({
      code: 'deployments/owned-by-other',
      fix: 'take it over: astroctl app adopt adopter; or use another name',
    }),
  );
}

/** Events that users caused; the platform itself also records what it observes. */
const recorded = async () =>
  (await logOf(platform.dataDir))
    .filter(({ actor }) => actor === ada.userId || actor === grace.userId)
    .map(({ id }) => id);

/** Returns the ETag of a response. */
async function etagOf(what: string, body?: unknown): Promise<string> {
  const response = await send(what, body);
  expect(response.status).toBeLessThan(300);
  const etag = response.headers.get('etag');
  expect(etag).toMatch(/^"\d+"$/);
  return etag ?? '';
}

const image = (tag: string) => ({ type: 'image', image: { registry: 'sandbox.invalid', repository: 'app', tag } });
let number = 0;
const application = (name: string) => ({ name, profileName: 'default', source: image(`1.${++number}`) });
const profile = (name: string) => ({ profileName: name, clusterName: 'sandbox', description: `the ${++number}th` });
const registration = () => ({
  clusterName: 'small',
  server: cluster.url,
  token: 'token',
  region: `region ${++number}`,
});

/** An application that can have webhooks. */
const tracking = (name: string) => ({
  name,
  profileName: 'default',
  syncPolicy: { auto: true },
  source: { type: 'helm', helm: { repo: { repoURL: `https://localhost:${charts.port}`, chartName: 'web' } } },
});

let keyId = 'none';
let invitationId = 'none';
let ownInvitationId = 'none';
let webhookId = 'none';
let deletedId = 'none';
/** All write requests of the platform, by subject. */
const CASES: Readonly<Record<string, () => Case>> = {
  'access-keys.v1.login': () => ({ path: '/v1/login', body: {} }),
  'access-keys.v1.create': () => ({ path: `${org}/access-keys`, body: { name: `key ${++number}` } }),
  'access-keys.v1.revoke': () => ({
    get path() {
      return `${org}/access-keys/${keyId}`;
    },
    etag: async () => {
      const made = await send(`POST ${org}/access-keys`, { name: `key ${++number}` });
      keyId = (made.body as { id: string }).id; // a new one, since a revoked key cannot be used again
      return made.headers.get('etag') ?? '';
    },
  }),
  'access-keys.v1.rotate': () => ({
    get path() {
      return `${org}/access-keys/${keyId}/rotate`;
    },
    body: {},
  }),
  'access-keys.v1.leaked.report': () => ({ path: '/v1/leaked-keys', body: { key: 'not a key' } }),
  'billing.v1.subscription.change': () => ({
    path: `${org}/subscription`,
    body: { plan: 'enterprise' },
    etag: async () => {
      await send(`PUT ${org}/subscription`, { plan: 'enterprise' });
      return etagOf(`PUT ${org}/subscription`, { plan: 'developer' });
    },
  }),
  'deployments.v1.clusters.register': () => ({
    path: `${org}/clusters/small`,
    body: registration(),
    etag: () => etagOf(`PUT ${org}/clusters/small`, registration()),
  }),
  'deployments.v1.clusters.delete': () => ({
    path: `${org}/clusters/small`,
    etag: () => etagOf(`PUT ${org}/clusters/small`, registration()),
  }),
  'deployments.v1.clusters.policy.set': () => ({
    path: `${org}/clusters/sandbox/policy`,
    body: { namespaces: [`team-${++number}`, '*'] },
    etag: () => etagOf(`GET ${org}/clusters/sandbox/policy`),
  }),
  'deployments.v1.clusters.ingress.set': () => ({
    path: `${org}/clusters/sandbox/ingress`,
    body: { domain: `apps-${++number}.acme.dev` },
    etag: () => etagOf(`GET ${org}/clusters/sandbox/ingress`),
  }),
  'deployments.v1.clusters.health.set': () => ({
    path: `${org}/clusters/sandbox/health`,
    body: {
      kinds: [
        {
          group: 'acme.dev',
          kind: 'Database',
          rules: [{ path: 'status.phase', values: [`Running-${++number}`], health: 'Healthy' }],
        },
      ],
    },
    etag: () => etagOf(`GET ${org}/clusters/sandbox/health`),
  }),
  'deployments.v1.egress.set': () => ({
    path: '/v1/admin/egress',
    body: { entry: `10.4.0.${++number}:6443`, allowed: true },
    etag: () => etagOf('PUT /v1/admin/egress', { entry: `10.4.0.${++number}:6443`, allowed: true }),
  }),
  'deployments.v1.clusters.kubeconfig': () => ({ path: `${org}/clusters/sandbox/kubeconfig`, body: {} }),
  'deployments.v1.profiles.apply': () => ({
    path: `${org}/profiles/extra`,
    body: profile('extra'),
    etag: () => etagOf(`PUT ${org}/profiles/extra`, profile('extra')),
  }),
  'deployments.v1.profiles.delete': () => ({
    path: `${org}/profiles/extra`,
    etag: () => etagOf(`PUT ${org}/profiles/extra`, profile('extra')),
  }),
  'deployments.v1.applications.apply': () => ({
    path: `${org}/applications/web`,
    body: application('web'),
    etag: () => etagOf(`PUT ${org}/applications/web`, application('web')),
  }),
  'deployments.v1.applications.delete': () => {
    const name = `gone-${++number}`;
    const path = `${org}/applications/${name}`;
    return { path, etag: () => etagOf(`PUT ${path}`, application(name)) };
  },
  'deployments.v1.applications.adopt': () => ({
    path: `${org}/applications/adopter/adopt`,
    body: {},
    etag: () => etagOf(`GET ${org}/applications/adopter/revisions/latest`),
  }),
  'deployments.v1.applications.rollback': () => ({
    path: `${org}/applications/web/rollback`,
    body: { to: 1 },
    etag: () => etagOf(`PUT ${org}/applications/web`, application('web')),
  }),
  ...Object.fromEntries(
    Object.entries({ sync: 'web', restart: 'web', pause: 'held', resume: 'held' }).map(([operation, name]) => [
      `deployments.v1.applications.${operation}`,
      () => ({
        path: `${org}/applications/${name}/${operation}`,
        body: {},
        etag: () => etagOf(`PUT ${org}/applications/${name}`, application(name)),
      }),
    ]),
  ),
  'deployments.v1.credentials.set': () => ({
    path: `${org}/credentials/git.acme.dev`,
    body: { kind: 'git', secret: `token ${++number}` },
  }),
  'deployments.v1.credentials.delete': () => {
    const path = `${org}/credentials/git-${++number}.acme.dev`;
    return { path, etag: () => etagOf(`PUT ${path}`, { kind: 'git', secret: 'token' }) };
  },
  'deployments.v1.secrets.set': () => ({
    path: `${org}/applications/web/secrets/TOKEN`,
    body: { value: `value ${++number}` },
    etag: () => etagOf(`PUT ${org}/applications/web`, application('web')),
  }),
  'deployments.v1.secrets.set-all': () => ({
    path: `${org}/applications/web/secrets`,
    body: { secrets: { TOKEN: `value ${++number}`, SPARE: 'value' } },
    etag: () => etagOf(`PUT ${org}/applications/web`, application('web')),
  }),
  'deployments.v1.secrets.unset': () => ({
    path: `${org}/applications/web/secrets/TOKEN`,
    etag: () => etagOf(`PUT ${org}/applications/web`, application('web')),
  }),
  'deployments.v1.webhooks.create': () => ({ path: `${org}/applications/web/webhooks`, body: {} }),
  'deployments.v1.webhooks.delete': () => ({
    get path() {
      return `${org}/applications/tracking/webhooks/${webhookId}`;
    },
    etag: async () => {
      await send(`PUT ${org}/applications/tracking`, tracking('tracking'));
      const made = await send(`POST ${org}/applications/tracking/webhooks`, {});
      webhookId = (made.body as { id: string }).id;
      return '';
    },
  }),
  'deployments.v1.webhooks.deliver': () => ({ path: '/hooks/none', body: {} }),
  'deployments.v1.applications.diff-manifest': () => ({
    path: `${org}/applications/web/diff`,
    body: application('web'),
  }),
  'identity.v1.sessions.end': () => ({ path: '/v1/me/sessions/none' }),
  'identity.v1.sessions.end-all': () => ({ path: '/v1/me/sessions' }),
  'identity.v1.users.set-global-role': () => ({
    path: `/v1/users/${grace.userId}/global-role`,
    body: { role: 'admin' },
    etag: () => etagOf(`PUT /v1/users/${grace.userId}/global-role`, { role: 'developer' }),
  }),
  'identity.v1.users.set-state': () => ({
    path: `/v1/users/${hedy.userId}/state`,
    body: { state: 'SUSPENDED' },
    etag: () => etagOf(`PUT /v1/users/${hedy.userId}/state`, { state: 'ACTIVE' }),
  }),
  'identity.v1.users.erase': () => ({
    path: `/v1/users/${mary.userId}`,
    etag: async () => {
      // The last owner of an organization cannot be erased.
      const owner = `/v1/organizations/${mary.organization.id}/members/${ada.userId}`;
      expect(await send(`PUT ${owner}`, { role: 'owner' })).toMatchObject({ status: 200 });
      return etagOf(`PUT /v1/users/${mary.userId}/state`, { state: 'ACTIVE' });
    },
  }),
  'identity.v1.users.password-link': () => ({ path: `/v1/users/${hedy.userId}/password-link`, body: {} }),
  'organizations.v1.invitations.create': () => ({
    path: `${org}/invitations`,
    body: { email: 'guest@astro.localhost', role: 'viewer' },
  }),
  'organizations.v1.invitations.accept': () => ({
    get path() {
      return `/v1/invitations/${ownInvitationId}/accept`;
    },
    body: {},
    etag: async () => {
      const path = `/v1/organizations/${grace.organization.id}/invitations`;
      const made = await send(`POST ${path}`, { email: ada.email, role: 'viewer' }, {}, grace);
      ownInvitationId = (made.body as { id: string }).id;
      return '';
    },
  }),
  'organizations.v1.invitations.decline': () => ({ path: '/v1/invitations/none/decline', body: {} }),
  'organizations.v1.invitations.resend': () => ({ path: `${org}/invitations/${invitationId}/resend`, body: {} }),
  'organizations.v1.invitations.revoke': () => ({
    get path() {
      return `${org}/invitations/${invitationId}`;
    },
    etag: async () => {
      const email = `guest${++number}@astro.localhost`;
      const made = await send(`POST ${org}/invitations`, { email, role: 'viewer' });
      invitationId = (made.body as { id: string }).id;
      return made.headers.get('etag') ?? '';
    },
  }),
  'organizations.v1.delete': () => ({
    get path() {
      return `/v1/organizations/${deletedId}`;
    },
    etag: async () => {
      const made = await send('POST /v1/organizations', { name: `Organization ${++number}` });
      deletedId = (made.body as { id: string }).id;
      return etagOf(`PATCH /v1/organizations/${deletedId}`, { name: `Name ${++number}` });
    },
  }),
  'audit.v1.keys.rotate': () => ({ path: '/v1/admin/audit-keys/rotate', body: {} }),
  'gateway.v1.projections.rebuild': () => ({ path: '/v1/admin/projections/deployments-egress.v1/rebuild' }),
  'gateway.v1.projections.retry': () => ({ path: '/v1/admin/projections/deployments-egress.v1/retry' }),
  'organizations.v1.create': () => ({ path: '/v1/organizations', body: { name: `Organization ${++number}` } }),
  'organizations.v1.change': () => ({
    path: org,
    body: { name: `Name ${++number}`, settings: { keyExpiry: `${number}d` } },
    etag: async () => {
      const changed = await etagOf(`PATCH ${org}`, { name: `Name ${++number}` });
      const read = await etagOf(`GET ${org}`);
      expect(read).toBe(changed);
      return read;
    },
  }),
  'organizations.v1.members.set': () => ({
    path: `${org}/members/${grace.userId}`,
    body: { role: 'editor' },
    etag: () => etagOf(`PUT ${org}/members/${grace.userId}`, { role: 'viewer' }),
  }),
  'organizations.v1.members.remove': () => ({
    path: `${org}/members/${grace.userId}`,
    etag: () => etagOf(`PUT ${org}/members/${grace.userId}`, { role: 'viewer' }),
  }),
  'organizations.v1.members.leave': () => ({
    path: `${org}/members/me`,
    etag: () => etagOf(`PUT ${org}/members/${grace.userId}`, { role: 'viewer' }),
    by: () => grace,
  }),
};

const changing = (await everyContract()).flatMap(({ contract }) => {
  const [method = 'GET'] = contract.route?.split(' ') ?? [];
  if (method === 'GET' || contract.kind !== 'request') return [];
  return [{ subject: contract.subject, method, hasDryRun: contract.dryRun, hasIfMatch: contract.ifMatch }];
});
const caseOf = (subject: string): Case => CASES[subject]?.() ?? { path: `/no-case-for/${subject}` };

/** Returns the response to a write request, and expects that it recorded nothing. */
async function nothingRecorded(method: string, { path, body, by }: Case, more: string, ifMatch?: string) {
  const before = await recorded();
  const headers = ifMatch === undefined ? {} : { 'if-match': ifMatch };
  const response = await send(`${method} ${path}${more}`, body, headers, by?.());
  expect(await recorded()).toEqual(before);
  return response;
}

it('the cases cover all write requests', () => {
  expect(changing.map(({ subject }) => subject).sort()).toEqual(Object.keys(CASES).sort());
});

describe.each(changing)('use-S13: a dry run of $subject', ({ subject, method, hasDryRun }) => {
  if (!hasDryRun)
    return it('is rejected as an unknown parameter, and changes nothing', async () => {
      const response = await nothingRecorded(method, caseOf(subject), '?dryRun=true');
      expect(response).toMatchObject({
        status: 422,
        body: { code: 'request/invalid', errors: [{ pointer: '/dryRun' }] },
      });
    });
  it('changes nothing', async () => {
    const request = caseOf(subject);
    await request.etag?.();
    const response = await nothingRecorded(method, request, '?dryRun=true');
    expect(response.status).toBeGreaterThanOrEqual(200);
    expect(response.status).toBeLessThan(300);
  });
});

describe.each(changing)('use-S14: If-Match of $subject', ({ subject, method, hasIfMatch, hasDryRun }) => {
  const failed = { status: 412, body: { code: 'edge/precondition-failed' } };
  if (!hasIfMatch)
    return it('is rejected, and changes nothing', async () => {
      expect(await nothingRecorded(method, caseOf(subject), '', '"1"')).toMatchObject(failed);
    });
  it('rejects the change of another revision', async () => {
    const request = caseOf(subject);
    const etag = (await request.etag?.()) ?? '';
    const stale = `"${Number(etag.replaceAll('"', '')) + 100}"`;
    expect(await nothingRecorded(method, request, '', stale)).toMatchObject(failed);
    if (hasDryRun) expect(await nothingRecorded(method, request, '?dryRun=true', stale)).toMatchObject(failed);
    const { path, body, by } = request;
    const done = await send(`${method} ${path}`, body, { 'if-match': etag }, by?.());
    expect([done.status < 300, done.text]).toEqual([true, done.text]);
  });
});
