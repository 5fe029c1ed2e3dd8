import { jest } from '@jest/globals';
import { organizationChangesRequest } from '#audit/contract';
import { DomainErrorException, type OrganizationContext } from '#bus';
import type { CallerInputOf, OutputOf } from '#bus/contract';
import { EVERY_EVENT, ok, position, type Clock, type Decider, type Fact, type Position } from '#kernel';
import { eventually, manualClock, temporaryFolder } from '#testing';
import { openEmbedded, type Embedded } from '#testing/embedded';
import type { Observable, Subscription } from 'rxjs';
import { namesProjection } from '../log/names.projection.ts';
import { ChangeNames } from './change-names.service.ts';
import { ChangesQueries } from './changes.queries.ts';

const [ACME, OTHER] = ['org-acme', 'org-other'] as const;
const folder = temporaryFolder();

type Item = OutputOf<typeof organizationChangesRequest>;

/** Records any events, so that tests can write those of all contexts. */
const anything: Decider<null, readonly Fact[], Fact, never> = {
  events: EVERY_EVENT,
  initialState: null,
  evolve: () => null,
  decide: (events) => ok(events),
};

let embedded: Embedded;
let queries: ChangesQueries;

async function open(): Promise<void> {
  embedded = await openEmbedded(folder);
  await embedded.sourcing.projections([namesProjection]);
  queries = withClock(embedded.clock);
}
const withClock = (clock: Clock): ChangesQueries =>
  new ChangesQueries(
    embedded.eventStore,
    embedded.sourcing.feed,
    embedded.access,
    new ChangeNames(embedded.readModels),
    clock,
  );

beforeAll(async () => {
  await open();
  for (const userId of ['ada', 'vic', 'eve'])
    await record(`user-${userId}`, [{ type: 'user.registered.v1', data: { globalRole: 'developer' } }], null);
  for (const [id, slug, ownerId] of [
    [ACME, 'acme', 'ada'],
    [OTHER, 'other', 'eve'],
  ] as const)
    await record(
      `organization-${id}`,
      [{ type: 'organization.created.v1', data: { name: slug, slug, ownerId, isDefault: false } }],
      id,
    );
  await record(`organization-${ACME}`, [member('vic', 'viewer')]);
  await record(`catalog-${ACME}`, [claimed('app-1', 'web')]);
}, 60_000);
afterAll(() => embedded.close());

const member = (memberId: string, role: string): Fact => ({
  type: 'organization.member-added.v1',
  data: { memberId, kind: 'person', role },
});
const claimed = (id: string, name: string): Fact => ({
  type: 'catalog.name-claimed.v1',
  data: { kind: 'application', id, name },
});
const configured = (revision: number): Fact => ({
  type: 'application.configured.v1',
  data: { revision, message: 'call +49 30 901820' },
});
const invited = (invitationId: string): Fact => ({
  type: 'organization.member-invited.v1',
  data: { invitationId, addressId: 'a1', role: 'viewer' },
});

async function record(stream: string, events: readonly Fact[], organizationId: string | null = ACME) {
  const context = embedded.request({ kind: 'login', userId: 'ada' });
  const done = await embedded.commands.run(anything, stream, events, {
    ...context,
    ...(organizationId !== null && { organizationId }),
  });
  if (!done.ok) throw new Error('nothing was recorded');
  return done.value.position;
}

const as = (userId: string, more: { readonly consistency?: Position } = {}): OrganizationContext => ({
  ...embedded.request({ kind: 'login', userId }, { organizationId: ACME }),
  ...more,
});

/** Reads a stream in the background. */
async function reading(
  input: Omit<CallerInputOf<typeof organizationChangesRequest>, 'org'> = {},
  context: OrganizationContext = as('ada'),
  from: ChangesQueries = queries,
) {
  const stop = new AbortController();
  const items: Item[] = [];
  const end: { error?: unknown; isOver?: true } = {};
  // `Serves` converts the items to an Observable.
  const served = (await from.changes(
    organizationChangesRequest.input.parse({ org: ACME, ...input }),
    context,
    stop.signal,
  )) as unknown as Observable<Item>;
  const subscription: Subscription = served.subscribe({
    next: (item) => items.push(organizationChangesRequest.output.parse(item)),
    error: (error: unknown) => Object.assign(end, { error }),
    complete: () => Object.assign(end, { isOver: true }),
  });
  const changes = () => items.flatMap((item) => (item.kind === 'current' ? [] : [item]));
  return { items, changes, end, leave: () => (stop.abort(), subscription.unsubscribe()) };
}
const codeOf = (error: unknown): string | undefined =>
  error instanceof DomainErrorException ? error.error.code : undefined;

describe('a stream of changes', () => {
  it('without a position begins with the present one, and sends what follows', async () => {
    const head = await embedded.eventStore.head();
    const reader = await reading();
    await eventually(() => expect(reader.items).toMatchObject([{ kind: 'current', position: head }]));
    const at = await record('application-app-1', [configured(1)]);
    await eventually(() => expect(reader.changes()).toHaveLength(1));
    expect(reader.changes()).toEqual([
      {
        position: at,
        time: expect.any(String),
        kind: 'application',
        id: 'app-1',
        name: 'web',
        action: 'application.configured',
      },
    ]);
    reader.leave();
  });

  it('continues after a position without a gap or a repetition, also after a restart', async () => {
    const before = await reading();
    await eventually(() => expect(before.items).toHaveLength(1));
    await record('application-app-1', [configured(2), configured(3)]);
    await eventually(() => expect(before.changes()).toHaveLength(2));
    before.leave();
    const [{ position: kept = '' } = {}] = before.changes();
    await record(`organization-${ACME}`, [member('grace', 'editor')]);
    await record(`organization-${OTHER}`, [member('linus', 'editor')], OTHER);
    await embedded.close();
    await open();
    const after = await reading({ after: kept });
    await eventually(() => expect(after.items.at(-1)?.kind).toBe('current'));
    const last = await record('application-app-1', [configured(4)]);
    await eventually(() => expect(after.items.at(-1)?.position).toBe(last));
    expect(after.changes().map(({ action, id }) => `${action} ${id}`)).toEqual([
      'application.configured app-1',
      'organization.member-added grace',
      'application.configured app-1',
    ]);
    expect(after.changes().every(({ position: at }) => at > kept)).toBe(true);
    after.leave();
  });

  it('ends when it is current, if it does not follow', async () => {
    const from = await embedded.eventStore.head();
    const last = await record('application-app-1', [configured(5)]);
    const reader = await reading({ after: from, follow: false });
    await eventually(() => expect(reader.end.isOver).toBe(true));
    expect(reader.items).toMatchObject([
      { kind: 'application', position: last },
      { kind: 'current', position: last },
    ]);
    const present = await reading({ follow: false });
    await eventually(() => expect(present.end.isOver).toBe(true));
    expect(present.items).toMatchObject([{ kind: 'current', position: last }]);
  });

  it('continues after the position of the header Consistency', async () => {
    const from = await embedded.eventStore.head();
    await record('application-app-1', [configured(6)]);
    const reader = await reading({ follow: false }, as('ada', { consistency: from }));
    await eventually(() => expect(reader.items).toMatchObject([{ kind: 'application' }, { kind: 'current' }]));
  });

  it('sends its position while nothing changes, at least every five seconds', async () => {
    const clock = manualClock();
    const reader = await reading({}, as('ada'), withClock(clock));
    await eventually(() => expect(reader.items).toHaveLength(1));
    for (let seconds = 0; seconds < 10; seconds += 1) {
      clock.advance(1_000);
      await new Promise(setImmediate);
    }
    await eventually(() => expect(reader.items).toHaveLength(3));
    const other = await record(`organization-${OTHER}`, [member('vic', 'editor')], OTHER);
    await eventually(() => {
      clock.advance(1_000);
      expect(reader.items.at(-1)).toMatchObject({ kind: 'current', position: other });
    });
    reader.leave();
  });

  it('contains only what the caller may read, by the rights of that moment', async () => {
    const reader = await reading({}, as('vic'));
    await eventually(() => expect(reader.items).toHaveLength(1));
    const changedTo = (role: string) =>
      record(`organization-${ACME}`, [
        { type: 'organization.member-role-changed.v1', data: { memberId: 'vic', role } },
        invited(`of ${role}`),
      ]);
    await record(`organization-${ACME}`, [invited('of viewer')]);
    await record('application-app-1', [configured(7)]);
    await eventually(() => expect(reader.changes()).toHaveLength(1)); // sent by the rights before the next change
    await changedTo('admin');
    await eventually(() => expect(reader.changes().at(-1)?.id).toBe('of admin'));
    await changedTo('editor');
    await record('application-app-1', [configured(8)]);
    await eventually(() => expect(reader.changes().at(-1)?.kind).toBe('application'));
    expect(reader.changes().map(({ kind, id, name }) => [kind, id, name])).toEqual([
      ['application', 'app-1', 'web'],
      ['member', 'vic', null],
      ['invitation', 'of admin', null],
      ['member', 'vic', null],
      ['application', 'app-1', 'web'],
    ]);
    reader.leave();
  });

  it('reports new access keys to their owner, with the name', async () => {
    const reader = await reading({}, as('vic'));
    await eventually(() => expect(reader.items).toHaveLength(1));
    const key = { memberId: 'vic', memberKind: 'person', role: 'viewer', name: 'laptop', masked: 'm', source: 'cli' };
    const created = { type: 'access-key.created.v1', data: { ...key, keyId: 'key-1', digest: 'd1' } };
    await record(`keys-${ACME}`, [created]);
    await eventually(() =>
      expect(reader.changes()).toMatchObject([{ kind: 'access-key', id: 'key-1', name: 'laptop' }]),
    );
    reader.leave();
  });

  it('of a hundred readers reads each event and name once', async () => {
    const { eventStore, readModels } = embedded;
    const read = jest.spyOn(eventStore, 'readAll');
    const subscribed = jest.spyOn(eventStore, 'subscribe');
    const asked = jest.spyOn(readModels, 'get');
    const readers = await Promise.all(Array.from({ length: 100 }, () => reading()));
    for (const { items } of readers) await eventually(() => expect(items).toHaveLength(1));
    await record(`catalog-${ACME}`, [claimed('app-2', 'api')]);
    const last = await record('application-app-2', [configured(1)]);
    for (const { items } of readers) await eventually(() => expect(items.at(-1)?.position).toBe(last));
    for (const { changes } of readers) expect(changes().map(({ name }) => name)).toEqual(['api', 'api']);
    expect([read, subscribed, asked].map(({ mock }) => mock.calls.length)).toEqual([0, 0, 0]);
    for (const { leave } of readers) leave();
    jest.restoreAllMocks();
  });

  it('is refused for a position of another event store', async () => {
    const elsewhere = reading({ after: position('otherstore', 1) });
    await expect(elsewhere.catch((error: unknown) => Promise.reject(new Error(codeOf(error))))).rejects.toThrow(
      'position/other-store',
    );
    const nonsense = reading({ after: 'yesterday' });
    await expect(nonsense.catch((error: unknown) => Promise.reject(new Error(codeOf(error))))).rejects.toThrow(
      'position/invalid',
    );
  });

  it('ends with a problem if the reader has missed too many events', async () => {
    const from = await embedded.eventStore.head();
    const many = Array.from({ length: 500 }, (_, index) => configured(index));
    for (let part = 0; part < 21; part += 1) await record(`application-other-${part}`, many, OTHER);
    const reader = await reading({ after: from });
    await eventually(() => expect(codeOf(reader.end.error)).toBe('audit/too-many-missed'));
    const again = await reading();
    await eventually(() => expect(again.items).toHaveLength(1));
    again.leave();
  }, 60_000);
});
