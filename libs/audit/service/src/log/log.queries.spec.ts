import { auditLogRequest, exportAuditLogRequest, type AuditEntry } from '#audit/contract';
import type { Role } from '#access';
import { plansOfRequest } from '#billing/contract';
import { reply, DomainErrorException, type OrganizationContext } from '#bus';
import type { CallerInputOf } from '#bus/contract';
import { clientAddressesRequest, peopleRequest } from '#identity/contract';
import { EVERY_EVENT, ok, type Authorization, type CommandContext, type Decider, type Fact } from '#kernel';
import { temporaryFolder } from '#testing';
import { openEmbedded, answeringBus, type Embedded } from '#testing/embedded';
import { lastValueFrom, take, toArray, type Observable } from 'rxjs';
import { LogReaders } from '../access/log-readers.service.ts';
import { LogQueries } from './log.queries.ts';
import { AuditLog } from './log.service.ts';
import { logProjection } from './log.projection.ts';
import { namesProjection } from './names.projection.ts';

const ACME = '0193f2a4-11de-7a90-b6c7-2f8f0b6d9c02';
const OTHER = '0193f2a4-11de-7a90-b6c7-2f8f0b6d9c03';
const folder = temporaryFolder();

/** Records any events, so that tests can write those of all contexts. */
const anything: Decider<null, readonly Fact[], Fact, never> = {
  events: EVERY_EVENT,
  initialState: null,
  evolve: () => null,
  decide: (events) => ok(events),
};

let embedded: Embedded;
let queries: LogQueries;
let plan: { auditDaysShown: number | null; auditExport: 'owner' | 'everyone who can read the audit log' };
beforeAll(async () => {
  embedded = await openEmbedded(folder);
  const { readModels, access, eventStore, clock, sourcing } = embedded;
  await sourcing.projections([logProjection, namesProjection]);
  const bus = answeringBus('audit', {
    [peopleRequest.subject]: ({ ids, email }: { ids: string[]; email?: string }) =>
      reply({
        people: PEOPLE.filter((person) => ids.includes(person.id) || (email !== undefined && person.email === email)),
      }),
    [plansOfRequest.subject]: () =>
      reply({
        plans: { [ACME]: { plan: 'developer', defaultTier: 'basic', requestsPerMinute: 600, ...plan } },
        pricingUrl: '',
      }),
    [clientAddressesRequest.subject]: () => reply({ addresses: { a1: '203.0.113.77' } }),
  });
  const log = new AuditLog(readModels, bus);
  queries = new LogQueries(log, new LogReaders(access, bus, clock), eventStore, sourcing.feed, bus, clock);
  await history();
}, 60_000);
afterAll(() => embedded.close());
beforeEach(() => {
  plan = { auditDaysShown: null, auditExport: 'owner' };
});

const PEOPLE = [
  { id: 'ada', email: 'ada@acme.dev', name: 'Ada', erased: false },
  { id: 'grace', email: 'grace@acme.dev', name: null, erased: false },
  { id: 'linus', email: null, name: null, erased: true },
];

async function record(
  stream: string,
  events: readonly Fact[],
  { actor = 'ada', organizationId = ACME, by }: { actor?: string; organizationId?: string; by?: Authorization } = {},
): Promise<void> {
  const context: CommandContext = {
    ...embedded.request({ kind: 'login', userId: actor }),
    ...(organizationId !== '' && { organizationId }),
    ...(by && { by }),
  };
  const done = await embedded.commands.run(anything, stream, events, context);
  expect(done).toMatchObject({ ok: true });
}

const added = (memberId: string, role: Role): Fact => ({
  type: 'organization.member-added.v1',
  data: { memberId, kind: 'person', role },
});

async function history(): Promise<void> {
  for (const userId of ['ada', 'grace', 'vic'])
    await record(`user-${userId}`, [{ type: 'user.registered.v1', data: { globalRole: 'developer' } }], {
      actor: 'system:identity',
      organizationId: '',
    });
  await record(`organization-${ACME}`, [
    { type: 'organization.created.v1', data: { name: 'Acme', slug: 'acme', ownerId: 'ada', isDefault: false } },
    added('grace', 'editor'),
    added('vic', 'viewer'),
  ]);
  await record(
    `organization-${OTHER}`,
    [{ type: 'organization.created.v1', data: { name: 'Other', slug: 'other', ownerId: 'eve', isDefault: false } }],
    { actor: 'eve', organizationId: OTHER },
  );
  await record(`catalog-${ACME}`, [
    { type: 'catalog.name-claimed.v1', data: { kind: 'application', name: 'web', id: 'app-1' } },
    { type: 'catalog.name-claimed.v1', data: { kind: 'application', name: 'web', id: 'app-2' } },
  ]);
  await record('application-app-1', [{ type: 'application.configured.v1', data: { revision: 1 } }], {
    actor: 'grace',
    by: { permission: 'application.deploy', rule: 'role', role: 'editor', network: '203.0.113.0/24', address: 'a1' },
  });
  await record('application-app-1', [{ type: 'application.deleted.v1', data: {} }], { actor: 'linus' });
  await record('application-app-2', [{ type: 'application.configured.v1', data: { revision: 1 } }]);
  await record(
    `refusals-${ACME}-2026-11-24`,
    [
      {
        type: 'refusal.recorded.v1',
        data: { principal: 'vic', by: 'login', permission: 'members.manage', code: 'access/not-permitted', count: 3 },
      },
    ],
    { actor: 'system:gateway' },
  );
  await record('novelty-1', [{ type: 'novelty.painted.v9', data: { color: 'red' } }]); // of a newer release
}

const as = (userId: string, by?: Authorization): OrganizationContext => ({
  ...embedded.request({ kind: 'login', userId }, { organizationId: ACME }),
  ...(by && { by }),
});
const never = new AbortController().signal;
/** Returns the items of a stream, as the bus passes them on. */
const itemsOf = async <T>(stream: Promise<AsyncIterable<T>>): Promise<readonly T[]> =>
  lastValueFrom(((await stream) as unknown as Observable<T>).pipe(toArray()));
async function list(
  filters: Partial<CallerInputOf<typeof auditLogRequest>> = {},
  context: OrganizationContext = as('ada'),
): Promise<{ readonly entries: readonly AuditEntry[]; readonly next?: string }> {
  const input = auditLogRequest.input.parse({ org: ACME, ...filters });
  const items = await itemsOf(queries.list(input, context, never));
  const entries = items.filter((item) => 'position' in item);
  const last = items.at(-1);
  return { entries, ...(last && 'next' in last && { next: last.next }) };
}
const actions = async (...args: Parameters<typeof list>) =>
  (await list(...args)).entries.map(({ action, object }) => `${action} ${object ?? '-'}`);
const codeOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no error',
    (error: unknown) => (error instanceof DomainErrorException ? error.error.code : String(error)),
  );

const ALL = [
  'novelty.painted -',
  'members.manage -',
  'application.configured application/web',
  'application.deleted application/web',
  'application.configured application/web',
  'organization.member-added member/vic',
  'organization.member-added member/grace@acme.dev',
  'organization.created organization/acme',
];

describe('the audit log of an organization', () => {
  it('lists its events newest first, also of a newer release, and none of other organizations', async () =>
    expect(await actions()).toEqual(ALL));

  it('shows names, the right, and the address until the person is erased', async () => {
    const { entries } = await list({ object: 'application/app-1' });
    expect(entries).toMatchObject([
      { who: 'erased user', whoId: 'linus', action: 'application.deleted', right: null },
      {
        who: 'grace@acme.dev',
        right: 'editor',
        permission: 'application.deploy',
        network: '203.0.113.0/24',
        address: '203.0.113.77',
        objectId: 'application/app-1',
      },
    ]);
  });

  it('shows refusals with their number', async () =>
    expect((await list({ result: 'refused' })).entries).toMatchObject([
      { whoId: 'vic', action: 'members.manage', count: 3, result: 'refused', message: 'code access/not-permitted' },
    ]));

  it.each([
    [{ who: 'grace@acme.dev' }, ['application.configured application/web']],
    [{ who: 'linus' }, ['application.deleted application/web']],
    [{ action: 'application.deleted' }, ['application.deleted application/web']],
    [{ object: 'application/web' }, ALL.slice(2, 5)],
    [{ object: 'application/web', action: 'application.configured', who: 'ada' }, ALL.slice(2, 3)],
    [{ right: 'editor' }, ['application.configured application/web']],
    [{ right: 'application.deploy' }, ['application.configured application/web']],
    [{ until: '2020-01-01T00:00:00Z' }, []],
    [{ since: '2020-01-01T01:00:00+01:00' }, ALL],
  ] as const)('filters by %j', async (filters, found) => expect(await actions(filters)).toEqual(found));

  it('has pages whose cursors continue behind the last entry', async () => {
    const found: string[] = [];
    let cursor: string | undefined;
    let pages = 0;
    do {
      const { entries, next } = await list({ limit: 3, ...(cursor !== undefined && { cursor }) });
      found.push(...entries.map(({ action, object }) => `${action} ${object ?? '-'}`));
      cursor = next;
      pages += 1;
    } while (cursor !== undefined);
    expect(found).toEqual(ALL);
    expect(pages).toBe(3);
    expect(await codeOf(list({ cursor: 'forged' }))).toBe('edge/cursor-invalid');
  });

  it('tells an editor only their own actions', async () => {
    expect(await actions({}, as('grace'))).toEqual(['application.configured application/web']);
    expect(await codeOf(list({ who: 'ada@acme.dev' }, as('grace')))).toBe('audit/own-actions-only');
    await record(`organization-${ACME}`, [
      { type: 'organization.audit-right-set.v1', data: { memberId: 'grace', granted: true } },
    ]);
    const { entries } = await list({}, as('grace'));
    expect(entries.length).toBe(ALL.length + 1);
    expect(entries[0]).toMatchObject({ action: 'organization.audit-right-set', message: 'granted true' });
  });

  it('refuses a person whom nobody knows', async () =>
    expect(await codeOf(list({ who: 'nobody@acme.dev' }))).toBe('audit/unknown-person'));

  it('lists the days of the plan, which do not limit the export', async () => {
    plan = { auditDaysShown: 0, auditExport: 'owner' };
    expect(await actions()).toEqual([]);
    expect(await codeOf(list({ since: '2020-01-01T00:00:00Z' }))).toBe('audit/history-limit');
    const input = exportAuditLogRequest.input.parse({ org: ACME });
    const owner = as('ada', { rule: 'role', role: 'owner' });
    expect((await itemsOf(queries.export(input, owner, never))).length).toBeGreaterThanOrEqual(ALL.length);
  });

  it('is exported by whom the plan permits', async () => {
    const input = exportAuditLogRequest.input.parse({ org: ACME });
    const by = (role: Role): OrganizationContext => ({
      ...as('ada'),
      principal: { kind: 'key', memberId: 'ada', memberKind: 'person', keyId: 'key_1', organizationId: ACME, role },
    });
    const admin = by('admin');
    expect(await codeOf(itemsOf(queries.export(input, admin, never)))).toBe('audit/export-not-permitted');
    plan = { auditDaysShown: null, auditExport: 'everyone who can read the audit log' };
    expect(await codeOf(itemsOf(queries.export(input, admin, never)))).toBe('no error');
    expect(await codeOf(itemsOf(queries.export(input, by('editor'), never)))).toBe('audit/whole-log-only');
  });

  it('continues with new entries after a position, without gaps', async () => {
    const [first] = (await list({ limit: 1 })).entries;
    await record('application-app-2', [{ type: 'application.paused.v1', data: { message: 'one' } }]);
    const input = auditLogRequest.input.parse({ org: ACME, follow: true, after: first?.position });
    const following = (await queries.list(
      input,
      as('ada'),
      new AbortController().signal,
    )) as unknown as Observable<AuditEntry>;
    const two = lastValueFrom(following.pipe(take(2), toArray()));
    await record('application-app-2', [{ type: 'application.resumed.v1', data: { message: 'two' } }]);
    const seen = (await two).map(({ message }) => message);
    expect(seen).toEqual(['message one', 'message two']);
  });
});

it('the audit log of the platform lists events without an organization', async () => {
  const root = embedded.request({ kind: 'login', userId: 'root' });
  const found = await itemsOf(queries.listPlatform({ follow: false, limit: 500 }, root, never));
  expect(found).toMatchObject([
    { who: 'platform', action: 'user.registered', object: 'user/vic' },
    { object: 'user/grace@acme.dev' },
    { object: 'user/ada@acme.dev' },
  ]);
});
