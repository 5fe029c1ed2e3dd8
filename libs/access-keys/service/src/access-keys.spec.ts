import { directoryEvents, parseAccessKey, type DirectoryFact } from '#access';
import { reply } from '#bus';
import { silentLogger, type Decider, type Logger } from '#kernel';
import { eventually, temporaryFolder } from '#testing';
import { answeringBus, openEmbedded, type Embedded } from '#testing/embedded';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Issuing } from './issuing/issuing.service.ts';
import { IssuingHandlers } from './issuing/issuing.handlers.ts';
import { LoginHandlers } from './issuing/login.handlers.ts';
import { LeaksHandlers } from './leaks/leaks.handlers.ts';
import { KeyLimitsHandlers } from './limits/key-limits.handlers.ts';
import { KeyViews } from './overview/key-views.service.ts';
import { KeysQueries } from './overview/keys.queries.ts';
import { keysProjection } from './overview/keys.projection.ts';
import { DeparturesReactor } from './revoking/departures.reactor.ts';
import { RevokingHandlers } from './revoking/revoking.handlers.ts';
import { RotatingHandlers } from './rotating/rotating.handlers.ts';
import { Usage, UsageHandlers } from './usage/usage.handlers.ts';

const ACME = 'a0000000-0000-7000-8000-000000000001';
const OTHER = 'a0000000-0000-7000-8000-000000000002';

/** Records any events, in place of the other contexts. */
const facts: Decider<null, readonly DirectoryFact[], DirectoryFact, never> = {
  events: directoryEvents,
  initialState: null,
  evolve: () => null,
  decide: (events) => ({ ok: true, value: events }),
};

const bus = answeringBus('access-keys', {
  'billing.v1.subscription.of': () =>
    reply({
      plans: {
        [ACME]: {
          plan: 'developer',
          defaultTier: 'basic',
          requestsPerMinute: 600,
          auditDaysShown: 30,
          auditExport: 'owner',
        },
      },
      pricingUrl: 'https://plans.example',
    }),
  'identity.v1.people.find': ({ ids }: { ids: string[] }) =>
    reply({ people: ids.map((id) => ({ id, email: `${id}-canary@acme.dev`, name: 'Canary', erased: false })) }),
  'organizations.v1.default.ensure': () =>
    reply({ organizationId: OTHER, slug: 'personal-abcde', name: 'personal-abcde', role: 'owner', created: true }),
});

describe('access keys', () => {
  const folder = temporaryFolder();
  const secrets: string[] = [];
  let embedded: Embedded;
  let logins: LoginHandlers;
  let issuing: IssuingHandlers;
  let revoking: RevokingHandlers;
  let rotating: RotatingHandlers;
  let queries: KeysQueries;
  let usage: Usage;
  const logged: object[] = [];
  const note = (fields: object, message: string) => void logged.push({ ...fields, message });
  const log: Logger = { ...silentLogger, info: note, warn: note };

  const record = (stream: string, ...events: DirectoryFact[]) =>
    embedded.commands.run(
      facts,
      stream,
      events,
      embedded.request({ kind: 'service', service: 'organizations' }, { organizationId: stream.slice(13) }),
    );

  beforeAll(async () => {
    embedded = await openEmbedded(folder);
    const { commands, access, clock, ids, readModels } = embedded;
    await embedded.sourcing.projections([keysProjection]);
    const issue = new Issuing(commands, access, clock, ids);
    usage = new Usage(embedded.readStore);
    const views = new KeyViews(bus, clock, usage, access);
    logins = new LoginHandlers(issue, views, access, bus, clock);
    issuing = new IssuingHandlers(issue, views, access, bus, clock);
    revoking = new RevokingHandlers(commands, readModels, access, clock, log, views);
    rotating = new RotatingHandlers(issue, views, access, clock, log);
    queries = new KeysQueries(readModels, access, clock, views);
    for (const user of ['ada', 'grace'])
      await record(`user-${user}`, { type: 'user.registered.v1', data: { globalRole: 'developer' } });
    await record(
      `organization-${ACME}`,
      { type: 'organization.created.v1', data: { name: 'Acme', slug: 'acme', ownerId: 'ada', isDefault: false } },
      { type: 'organization.member-added.v1', data: { memberId: 'grace', kind: 'person', role: 'viewer' } },
      {
        type: 'organization.member-added.v1',
        data: { memberId: 'service-1', kind: 'service', role: 'editor', name: 'ci-deploy' },
      },
    );
    await eventually(async () => {
      const directory = await access.current();
      expect(directory.ok && directory.value.organization('acme')?.members.size).toBe(3);
    });
  });
  afterAll(() => embedded.close());

  const as = (userId: string, key?: string) =>
    embedded.request({ kind: 'login', userId }, { organizationId: ACME, ...(key !== undefined && { key }) });
  const create = async (
    userId: string,
    input: { name?: string; role?: 'editor' | 'viewer' | 'owner'; expires?: string; service?: string } = {},
    key?: string,
  ) => {
    const response = await issuing.create({ org: 'acme', name: 'ci', source: 'cli', ...input }, as(userId, key));
    if (response.ok && response.value.secret !== null) secrets.push(response.value.secret);
    return response;
  };

  it('are shown once, have the documented form, and are stored only as a digest', async () => {
    const response = await create('ada');
    expect(response).toMatchObject({
      ok: true,
      value: { role: 'editor', status: 'ACTIVE', owner: 'ada-canary@acme.dev', memberId: 'ada', source: 'cli' },
      meta: { created: true },
    });
    if (!response.ok || response.value.secret === null) throw new Error('no key');
    expect(parseAccessKey(response.value.secret)).toBeDefined();
    const directory = await embedded.access.current();
    const known = directory.ok
      ? directory.value.keys.get(createHash('sha256').update(response.value.secret).digest('hex'))
      : undefined;
    expect(known?.created.keyId).toBe(response.value.id);
  });

  it('B19: a repeated request returns the same key without its secret', async () => {
    const [first, second] = [
      await create('ada', { name: 'twice' }, 'same'),
      await create('ada', { name: 'twice' }, 'same'),
    ];
    expect(second).toMatchObject({
      ok: true,
      value: { id: first.ok && first.value.id, secret: null },
      meta: { repeated: true, warnings: [expect.stringContaining('shown once')] },
    });
  });

  it('B19: of two parallel requests with one Idempotency-Key, one returns the secret, and one key exists', async () => {
    const responses = await Promise.all([
      create('ada', { name: 'parallel' }, 'race'),
      create('ada', { name: 'parallel' }, 'race'),
    ]);
    expect(
      responses.flatMap((response) => (response.ok && response.value.secret !== null ? [response.value.secret] : [])),
    ).toHaveLength(1);
    expect(new Set(responses.map((response) => response.ok && response.value.id)).size).toBe(1);
  });

  const rotate = async (id: string, by = as('ada'), grace = '1h') => {
    const response = await rotating.rotate({ org: 'acme', key: id, grace }, by);
    if (response.ok && response.value.secret !== null) secrets.push(response.value.secret);
    return response;
  };
  const byKey = (keyId: string, memberId = 'ada', memberKind: 'person' | 'service' = 'person') =>
    embedded.request(
      { kind: 'key', keyId, memberId, memberKind, organizationId: ACME, role: 'editor' },
      { organizationId: ACME },
    );

  it('are rotated: the new key has the same properties, and the old one works until its grace period ends', async () => {
    const made = await create('ada', { name: 'nightly', role: 'viewer', expires: '9d' });
    if (!made.ok) throw new Error(made.error.code);
    const response = await rotate(made.value.id, byKey(made.value.id));
    if (!response.ok) throw new Error(response.error.code);
    const { id, name, role, expires, secret, replaced } = response.value;
    expect({ name, role, expires }).toEqual({ name: 'nightly', role: 'viewer', expires: made.value.expires });
    expect(secret).not.toBe(made.value.secret);
    expect(replaced.id).toBe(made.value.id);
    const left = Date.parse(replaced.worksUntil) - embedded.clock.now();
    expect(left).toBeGreaterThan(3_590_000);
    expect(left).toBeLessThanOrEqual(3_600_000);
    const shown = await queries.get({ org: 'acme', key: made.value.id }, {
      ...as('ada'),
      consistency: response.meta.position ?? '',
    } as ReturnType<typeof as>);
    expect(shown).toMatchObject({ ok: true, value: { status: 'ROTATED', expires: replaced.worksUntil } });
    const directory = await embedded.access.current();
    const known = directory.ok ? directory.value.keysById : undefined;
    expect(known?.get(made.value.id)?.expiresAtMs).toBe(Date.parse(replaced.worksUntil));
    expect(known?.get(id)?.expiresAtMs).toBe(Date.parse(expires ?? ''));
    for (const key of [id, made.value.id]) await revoking.revoke({ org: 'acme', key }, as('ada'));
  });

  it('B19: rotated twice in parallel with one Idempotency-Key are replaced by one new key, shown once', async () => {
    const made = await create('ada', { name: 'twins' });
    if (!made.ok) throw new Error(made.error.code);
    const responses = await Promise.all([1, 2, 3].map(() => rotate(made.value.id, as('ada', 'one-rotation'))));
    const ids = new Set(responses.map((response) => response.ok && response.value.id));
    expect([ids.size, ids.has(false)]).toEqual([1, false]);
    const shown = responses.filter((response) => response.ok && response.value.secret !== null);
    expect(shown).toHaveLength(1);
    for (const response of responses)
      if (response.ok && response.value.secret === null)
        expect(response.meta.warnings).toEqual([expect.stringContaining('was shown once')]);
    const twins = (await listOf('ada')).filter(({ name }) => name === 'twins');
    expect(twins.map(({ status }) => status).toSorted()).toEqual(['ACTIVE', 'ROTATED']);
    for (const { id } of twins) await revoking.revoke({ org: 'acme', key: id }, as('ada'));
  });

  it('B25: are not rotated with another key', async () => {
    const made = await create('ada', { name: 'other' });
    if (!made.ok) throw new Error(made.error.code);
    expect(await rotate(made.value.id, byKey('key_none'))).toMatchObject({ error: { code: 'key/login-required' } });
    expect(await rotate(made.value.id, as('grace'))).toMatchObject({
      error: { code: 'access-keys/not-yours-to-rotate' },
    });
    expect(await rotate(made.value.id, as('ada'), '9d')).toMatchObject({
      error: { code: 'access-keys/grace-invalid' },
    });
    await revoking.revoke({ org: 'acme', key: made.value.id }, as('ada'));
  });

  it('B10: without a grace period, are missing from this instance when the rotation is confirmed', async () => {
    const made = await create('ada', { name: 'at-once' });
    if (!made.ok) throw new Error(made.error.code);
    const started = performance.now();
    const response = await rotate(made.value.id, as('ada'), '0m');
    expect(performance.now() - started).toBeGreaterThan(195);
    const directory = await embedded.access.current();
    const ended = directory.ok && directory.value.keysById.get(made.value.id);
    expect(ended && ended.expiresAtMs <= embedded.clock.now()).toBe(true);
    await revoking.revoke({ org: 'acme', key: response.ok ? response.value.id : '' }, as('ada'));
  });

  it('are created and rotated for service members by owners and admins only, with at most their role', async () => {
    const made = await create('ada', { name: 'deploys', service: 'ci-deploy' });
    expect(made).toMatchObject({
      ok: true,
      value: { memberId: 'service-1', owner: 'ci-deploy', role: 'editor', status: 'ACTIVE' },
    });
    const keyId = made.ok ? made.value.id : '';
    const refused = [
      [await create('grace', { service: 'ci-deploy' }), 'access/not-permitted'],
      [await create('grace', { service: 'nobody' }), 'access/not-permitted'],
      [await create('ada', { service: 'nobody' }), 'access-keys/service-unknown'],
      [await create('ada', { service: 'ci-deploy', role: 'owner' }), 'key/role-too-high'],
      [await rotate(keyId, as('grace')), 'access-keys/not-yours-to-rotate'],
      [await rotate(keyId, byKey('key_none')), 'key/login-required'],
    ] as const;
    for (const [response, code] of refused) expect(response).toMatchObject({ ok: false, error: { code } });
    const rotated = await rotate(keyId);
    expect(rotated).toMatchObject({ ok: true, value: { memberId: 'service-1', role: 'editor' } });
    for (const key of [keyId, rotated.ok ? rotated.value.id : ''])
      await revoking.revoke({ org: 'acme', key }, as('ada'));
  });

  it('B18: a key cannot exceed the role of its owner', async () => {
    expect(await create('grace', { role: 'editor' })).toMatchObject({
      ok: false,
      error: { code: 'key/role-too-high' },
    });
    expect(await create('grace')).toMatchObject({ ok: true, value: { role: 'viewer' } });
  });

  it('expire as the organization has configured, unless the request sets an expiry', async () => {
    const daysOf = async (expires?: string) => {
      const response = await create('ada', expires === undefined ? {} : { expires });
      return response.ok && Math.round((Date.parse(response.value.expires ?? '') - embedded.clock.now()) / 86_400_000);
    };
    expect(await daysOf()).toBe(90);
    await record(`organization-${ACME}`, { type: 'organization.settings-set.v1', data: { keyExpiry: '7d' } });
    expect(await daysOf()).toBe(7);
    expect(await daysOf('8d')).toBe(8);
    await record(`organization-${ACME}`, { type: 'organization.settings-set.v1', data: { keyExpiry: null } });
    expect(await daysOf()).toBe(90);
  });

  it('name the plan and the catalogue when a limit is exceeded', async () => {
    expect(await create('ada', { expires: '91d' })).toMatchObject({
      ok: false,
      error: { code: 'access-keys/lifetime-limit', extra: { plan: 'developer', pricingUrl: 'https://plans.example' } },
    });
  });

  it('A18: accept exactly one of 50 simultaneous requests at one below the limit', async () => {
    for (let count = await active(); count < 9; count++) await create('ada');
    const responses = await Promise.all(Array.from({ length: 50 }, () => create('ada')));
    expect(responses.filter(({ ok }) => ok)).toHaveLength(1);
    const refused = responses.flatMap((response) => (response.ok ? [] : [response.error]));
    expect(refused).toHaveLength(49);
    for (const error of refused)
      expect(error).toMatchObject({
        code: 'access-keys/active-key-limit',
        kind: 'limit',
        detail: 'acme uses 10 of the 10 active keys of plan developer; key ci was not created.',
        extra: { limit: 10, used: 10, plan: 'developer', pricingUrl: 'https://plans.example' },
      });
    expect(await active()).toBe(10);
  });
  const listOf = async (userId: string, position?: Awaited<ReturnType<typeof revoking.revoke>>) => {
    const at = position?.ok ? position.meta.position : await embedded.eventStore.head();
    const response = await queries.list(
      { org: 'acme', limit: 500 },
      { ...as(userId), ...(at !== undefined && { consistency: at }) },
    );
    return response.ok ? response.value.items : [];
  };
  const active = async () =>
    (await listOf('ada')).filter(({ status, source }) => status === 'ACTIVE' && source !== 'login').length;

  it("are listed masked: only the caller's, or all for an admin", async () => {
    expect(new Set((await listOf('grace')).map(({ memberId }) => memberId))).toEqual(new Set(['grace']));
    expect(new Set((await listOf('ada')).map(({ memberId }) => memberId))).toEqual(
      new Set(['ada', 'grace', 'service-1']),
    );
    for (const key of await listOf('ada')) expect(key.key).toMatch(/^astro_.{4}\.\.\..{4}$/);
    const [adaKey] = await listOf('ada').then((keys) => keys.filter(({ memberId }) => memberId === 'ada'));
    expect(await queries.get({ org: 'acme', key: adaKey?.id ?? '' }, as('grace'))).toMatchObject({
      ok: false,
      error: { code: 'access-keys/not-found' },
    });
  });

  it('use-L5: are listed in pages, newest first', async () => {
    const ids: string[] = [];
    for (let cursor: string | undefined; ;) {
      const page = await queries.list({ org: 'acme', limit: 4, ...(cursor !== undefined && { cursor }) }, as('ada'));
      if (!page.ok) throw new Error(page.error.code);
      expect(page.value.items.length).toBeLessThanOrEqual(4);
      ids.push(...page.value.items.map(({ id }) => id));
      if ((cursor = page.value.next) === undefined) break;
    }
    const allKeys = await listOf('ada');
    expect(ids).toEqual(allKeys.map(({ id }) => id));
    expect(allKeys.map(({ createdAt }) => createdAt)).toEqual(
      allKeys
        .map(({ createdAt }) => createdAt)
        .toSorted()
        .toReversed(),
    );
  });

  it('are not revoked in a dry run', async () => {
    const [key] = (await listOf('ada')).filter(({ memberId, status }) => memberId === 'ada' && status === 'ACTIVE');
    const revoke = (userId: string) =>
      revoking.revoke({ org: 'acme', key: key?.id ?? '' }, { ...as(userId), dryRun: true });
    expect(await revoke('ada')).toMatchObject({ ok: true, value: { id: key?.id, status: 'ACTIVE' } });
    expect(await revoke('grace')).toMatchObject({ ok: false, error: { code: 'access-keys/not-yours' } });
    expect((await listOf('ada')).find(({ id }) => id === key?.id)?.status).toBe('ACTIVE');
  });

  it('B10: a revoked key is missing from the directory of this instance when the revocation is confirmed', async () => {
    const [key] = (await listOf('ada')).filter(({ memberId, status }) => memberId === 'ada' && status === 'ACTIVE');
    const started = performance.now();
    const response = await revoking.revoke({ org: 'acme', key: key?.id ?? '' }, as('ada'));
    expect(performance.now() - started).toBeGreaterThan(195);
    expect(response).toMatchObject({ ok: true, value: { status: 'REVOKED' } });
    const directory = await embedded.access.current();
    expect(directory.ok && directory.value.keysById.get(key?.id ?? '')?.revoked).toBe(true);
    expect(await revoking.revoke({ org: 'acme', key: key?.id ?? '' }, as('ada'))).toMatchObject({
      ok: true,
      value: { status: 'REVOKED' },
    });
    expect(await revoking.revoke({ org: 'acme', key: key?.id ?? '' }, as('grace'))).toMatchObject({
      ok: false,
      error: { code: 'access-keys/not-found' },
    });
  });

  it('are created by a login for its organization, and replace the key of the same machine', async () => {
    const login = (machine: string) => logins.login({ machine }, as('ada'));
    const [first, second, other] = [await login('laptop'), await login('laptop'), await login('desk')];
    for (const response of [first, second, other])
      if (response.ok && response.value.key.secret !== null) secrets.push(response.value.key.secret);
    expect(second).toMatchObject({
      ok: true,
      value: {
        userId: 'ada',
        organization: { id: ACME, slug: 'acme', role: 'owner', created: false },
        key: { source: 'login', role: 'owner' },
      },
    });
    const keys = (await listOf('ada')).filter(({ source }) => source === 'login');
    expect(keys.map(({ status }) => status).toSorted()).toEqual(['ACTIVE', 'ACTIVE', 'REVOKED']);
    expect(JSON.stringify(await embedded.events())).not.toMatch(/laptop|desk/);
  });

  it("a login creates an organization for a user without one, and rejects one that is not the user's", async () => {
    expect(
      await logins.login({ machine: 'laptop' }, embedded.request({ kind: 'login', userId: 'linus' })),
    ).toMatchObject({
      ok: true,
      value: { organization: { id: OTHER, created: true } },
    });
    expect(
      await logins.login({ machine: 'laptop', orgId: 'acme' }, embedded.request({ kind: 'login', userId: 'linus' })),
    ).toMatchObject({
      ok: false,
      error: { code: 'organization/not-found', detail: 'Organization not found, or you are not a member.' },
    });
  });

  it('B12: are revoked when a member is removed, so that none is valid if the member returns', async () => {
    embedded.sourcing.reactors([new DeparturesReactor(embedded.commands, log)]);
    await record(`organization-${ACME}`, { type: 'organization.member-removed.v1', data: { memberId: 'grace' } });
    await eventually(async () =>
      expect((await listOf('ada')).filter(({ memberId }) => memberId === 'grace').map(({ status }) => status)).toEqual([
        'REVOKED',
      ]),
    );
  });

  it('use-S12: are flagged in list, events, and log when they leak, and revoked if the setting says so', async () => {
    const leaks = new LeaksHandlers(embedded.commands, embedded.access, log);
    const gateway = () => embedded.request({ kind: 'service', service: 'gateway' }, { organizationId: ACME });
    const made = await create('ada', { name: 'leaky' });
    const keyId = made.ok ? made.value.id : '';
    const inUrl = () => leaks.inUrl({ organizationId: ACME, keyId }, gateway());
    const shown = async () => (await listOf('ada')).find(({ id }) => id === keyId);
    const lines = () => logged.filter((line) => 'keyId' in line && line.keyId === keyId && 'where' in line);

    expect(await inUrl()).toMatchObject({ ok: true, value: { revoked: false } });
    await inUrl();
    expect(await shown()).toMatchObject({ status: 'ACTIVE', leakedAt: expect.stringMatching(/^20/) });
    const flags = (await embedded.events()).filter(({ stream }) => stream === `leaked-keys-${ACME}`);
    expect(flags).toMatchObject([{ type: 'access-key.leaked.v1', data: { keyId, where: 'url' } }]);
    expect(lines()).toMatchObject([{ organizationId: ACME, where: 'url', revoked: false }]);

    await record(`organization-${ACME}`, { type: 'organization.settings-set.v1', data: { revokeLeakedKeys: true } });
    expect(await inUrl()).toMatchObject({ ok: true, value: { revoked: true } });
    expect(await shown()).toMatchObject({ status: 'REVOKED' });
    expect(lines().at(-1)).toMatchObject({ revoked: true });
    expect(await inUrl()).toMatchObject({ ok: true, value: { revoked: false } });
    await record(`organization-${ACME}`, { type: 'organization.settings-set.v1', data: { revokeLeakedKeys: false } });
  });

  it('use-S12: are revoked when the complete key is reported, and the response is always the same', async () => {
    const leaks = new LeaksHandlers(embedded.commands, embedded.access, log);
    const stranger = () => embedded.request({ kind: 'anonymous' });
    const made = await create('ada', { name: 'pasted' });
    if (!made.ok || made.value.secret === null) throw new Error('no key');
    const unknown = `${made.value.secret.slice(0, -1)}${made.value.secret.endsWith('0') ? '1' : '0'}`;
    for (const key of ['hunter2', unknown, made.value.secret, made.value.secret])
      expect(await leaks.report({ key }, stranger())).toEqual({ ok: true, value: {}, meta: {} });
    expect((await listOf('ada')).find(({ name }) => name === 'pasted')).toMatchObject({ status: 'REVOKED' });
  });

  it('use-L11: are logged when they are revoked, with IDs only', () => {
    const lines = logged.filter((line) => 'message' in line && line.message === 'an access key was revoked');
    expect(lines).toContainEqual({
      message: 'an access key was revoked',
      keyId: expect.stringMatching(/^key_/),
      organizationId: ACME,
      actor: 'ada',
    });
    expect(lines).toContainEqual(expect.objectContaining({ reason: 'the member was removed' }));
    expect(JSON.stringify(logged)).not.toMatch(/astro_|canary/i);
  });

  it('have a time of last use, to the minute, that never moves back', async () => {
    const [key] = await listOf('ada');
    const keyId = key?.id ?? '';
    const handlers = new UsageHandlers(usage);
    await handlers.note({ used: [{ organizationId: ACME, keyId, at: '2026-01-01T12:34:56.789Z' }] });
    await handlers.note({ used: [{ organizationId: ACME, keyId, at: '2026-01-01T11:00:00.000Z' }] });
    expect((await listOf('ada')).find(({ id }) => id === keyId)?.lastUsed).toBe('2026-01-01T12:34:00Z');
  });

  it('are counted as the plan counts them: without those of logins', async () => {
    const limits = new KeyLimitsHandlers(embedded.commands, embedded.clock);
    const count = async () => {
      const used = await limits.usage({ organizationId: ACME });
      return used.ok ? used.value.activeKeys : -1;
    };
    const before = await count();
    await logins.login({ orgId: 'acme', machine: 'counted' }, embedded.request({ kind: 'login', userId: 'ada' }));
    expect(await count()).toBe(before);
    const listed = await queries.list(
      { org: 'acme', limit: 100 },
      { ...as('ada'), consistency: await embedded.eventStore.head() },
    );
    const own = listed.ok
      ? listed.value.items.find(({ source, status }) => source !== 'login' && status === 'ACTIVE')
      : undefined;
    await revoking.revoke({ org: 'acme', key: own?.id ?? '' }, as('ada'));
    expect(await count()).toBe(before - 1);
    expect(await limits.usage({ organizationId: OTHER })).toMatchObject({ value: { activeKeys: 0 } });
  });

  it('B16: no key and no address is in any file of the stores', async () => {
    expect(secrets.length).toBeGreaterThan(5);
    const bytes = readdirSync(folder)
      .map((file) => readFileSync(join(folder, file)).toString('latin1'))
      .join('\n');
    for (const secret of secrets) expect(bytes.includes(secret.slice(14))).toBe(false);
    expect(JSON.stringify(await embedded.events())).not.toMatch(/canary/i);
  });
});
