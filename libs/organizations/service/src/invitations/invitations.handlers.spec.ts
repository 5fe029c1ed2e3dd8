import { createHash } from 'node:crypto';
import type { ReplayedObject } from '#audit/contract';
import { refuse, reply } from '#bus';
import type { InputOf } from '#bus/contract';
import type { sendMailRequest } from '#identity/contract';
import { domainError, silentLogger, type Recorded } from '#kernel';
import { eventually, temporaryFolder } from '#testing';
import { answeringBus, openEmbedded, type Embedded } from '#testing/embedded';
import { lastValueFrom, toArray, type Observable } from 'rxjs';
import { CreationHandlers } from '../creation/creation.handlers.ts';
import { OrganizationCreation } from '../creation/creation.service.ts';
import { SeatLimitHandlers } from '../limits/seat-limit.handlers.ts';
import { MemberLookup } from '../members/member-lookup.service.ts';
import { Names } from '../names/names.service.ts';
import { organizationDecider } from '../organization.decider.ts';
import { organizationStream } from '../organization.events.ts';
import { ReplayQueries } from '../replay.queries.ts';
import { InvitationMailReactor } from './invitation-mail.reactor.ts';
import { InvitationTokens } from './invitation-tokens.service.ts';
import { InvitationViews } from './invitation-views.service.ts';
import { InvitationsHandlers } from './invitations.handlers.ts';
import { invitationsProjection } from './invitations.projection.ts';
import { InvitationsQueries } from './invitations.queries.ts';

type SentMail = InputOf<typeof sendMailRequest>;

let mails: SentMail[] = [];
let isIdentityAway = false;
let hasMailServer = false;
/** Verified addresses of users. An address and its ID differ, as at identity. */
const verified = new Map([
  ['ada', 'ada-canary@acme.dev'],
  ['edith', 'edith-canary@acme.dev'],
  ['mallory', 'mallory-canary@acme.dev'],
]);
const registered = new Map<string, string>();
const idOfAddress = (address: string) => createHash('sha256').update(address.toLowerCase()).digest('hex').slice(0, 40);

const bus = answeringBus('organizations', {
  'billing.v1.subscription.of': () => reply({ plans: {}, pricingUrl: 'https://plans.example' }),
  'identity.v1.addresses.register': ({ email }: { email: string }) => {
    registered.set(idOfAddress(email), email);
    const [userId = null] = [...verified].find(([, address]) => address === email.toLowerCase()) ?? [];
    return reply({ addressId: idOfAddress(email), userId });
  },
  'identity.v1.addresses.find': ({ addressIds }: { addressIds: string[] }) =>
    reply({
      addresses: addressIds.flatMap((addressId) => {
        const email = registered.get(addressId);
        return email === undefined ? [] : [{ addressId, email }];
      }),
    }),
  'identity.v1.addresses.own': ({ userId }: { userId: string }) => {
    const address = verified.get(userId);
    return reply({ addressId: address === undefined ? null : idOfAddress(address) });
  },
  'identity.v1.invitation-link': ({ token }: { token: string }) =>
    reply({ link: hasMailServer ? null : `https://astro.example/oidc/invitation/${token}` }),
  'identity.v1.people.find': ({ ids }: { ids: string[] }) =>
    reply({ people: ids.map((id) => ({ id, email: verified.get(id) ?? null, name: null, erased: false })) }),
  'identity.v1.mail.send': (mail: SentMail) => {
    if (isIdentityAway) return refuse(domainError('bus/no-service', 'unavailable', 'Identity does not respond.'));
    mails.push(mail);
    return reply({ accepted: true });
  },
});

describe('invitations over the embedded engines', () => {
  const folder = temporaryFolder();
  let embedded: Embedded;
  let handlers: InvitationsHandlers;
  let queries: InvitationsQueries;
  let reactor: InvitationMailReactor;
  let creation: CreationHandlers;
  let replays: ReplayQueries;
  let id = '';
  beforeAll(async () => {
    embedded = await openEmbedded(folder);
    const { commands, readModels, access, clock, vault, ids } = embedded;
    await embedded.sourcing.projections([invitationsProjection]);
    const tokens = new InvitationTokens(vault, ids);
    const views = new InvitationViews(readModels, bus, clock);
    handlers = new InvitationsHandlers(commands, readModels, access, bus, clock, tokens, views);
    queries = new InvitationsQueries(readModels, commands, access, clock, tokens, views);
    reactor = new InvitationMailReactor(commands, bus, clock, silentLogger, tokens);
    replays = new ReplayQueries(embedded.eventStore, views);
    const organizations = new OrganizationCreation(commands, new Names(commands));
    const lookup = new MemberLookup(commands, access, bus);
    creation = new CreationHandlers(organizations, commands, access, lookup, bus, clock, views);
    const made = await creation.create({ name: 'Acme' }, embedded.request({ kind: 'login', userId: 'ada' }));
    id = made.ok ? made.value.id : '';
    await eventually(async () => {
      const directory = await access.current();
      expect(directory.ok && directory.value.organization('acme')?.id).toBe(id);
    });
  });
  afterAll(() => embedded.close());
  beforeEach(() => {
    mails = [];
    isIdentityAway = false;
    hasMailServer = false;
  });

  const as = (userId: string, key?: string) =>
    embedded.request({ kind: 'login', userId }, { organizationId: id, ...(key !== undefined && { key }) });
  const self = async (userId: string) => ({
    ...embedded.request({ kind: 'login', userId }),
    consistency: await embedded.eventStore.head(),
  });
  const invite = (email: string, key?: string) =>
    handlers.invite({ org: 'acme', email, role: 'editor', audit: false, expires: '7d' }, as('ada', key));
  const invited = async (email: string) => {
    const sent = await invite(email);
    if (!sent.ok) throw new Error(sent.error.code);
    const { link, ...view } = sent.value;
    return { ...view, link, token: link?.split('/').at(-1) ?? '' };
  };
  const revoke = async (invitation: string) => handlers.revoke({ org: 'acme', id: invitation }, as('ada'));
  const events = async (type: string) => (await embedded.events()).filter((event) => event.type === type);
  /** Runs the reactor on the last invitation, as the runner does. */
  const react = async () => {
    let last: Recorded | undefined;
    for await (const { type, data, ...metadata } of embedded.eventStore.readAll())
      if (type === 'organization.member-invited.v1') last = { event: { type, data }, metadata };
    await reactor.react(last as Parameters<InvitationMailReactor['react']>[0]);
  };

  it('return the link once, and neither stores nor lists contain it or the address', async () => {
    const sent = await invite('Edith-Canary@acme.dev', 'once');
    expect(sent).toMatchObject({
      ok: true,
      value: { email: 'Edith-Canary@acme.dev', role: 'editor', state: 'PENDING', invitedBy: 'ada-canary@acme.dev' },
    });
    const link = sent.ok ? (sent.value.link ?? '') : '';
    const token = link.split('/').at(-1) ?? '';
    expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/); // 256 bits
    expect(await invite('Edith-Canary@acme.dev', 'once')).toMatchObject({ ok: true, value: { link: null } });
    expect(await events('organization.member-invited.v1')).toHaveLength(1);
    const log = JSON.stringify(await embedded.events());
    expect(log).not.toContain(token);
    expect(log.toLowerCase()).not.toContain('canary');

    const { consistency } = await self('ada');
    const listed = await queries.list({ org: 'acme', limit: 500 }, { ...as('ada'), consistency });
    expect(listed).toMatchObject({
      ok: true,
      value: { items: [{ email: 'Edith-Canary@acme.dev', state: 'PENDING' }] },
    });
    expect(JSON.stringify(listed)).not.toContain(token);
    await revoke(sent.ok ? sent.value.id : '');
  });

  it('A20: compare addresses in normalized form', async () => {
    const first = await invited('edith-canary@acme.dev');
    expect(await invite('EDITH-Canary@ACME.dev')).toMatchObject({ ok: false, error: { code: 'invitation/pending' } });
    await revoke(first.id);
  });

  it('are accepted by the person who has the address, which makes them a member', async () => {
    const { token, id: invitation } = await invited('edith-canary@acme.dev');
    const offered = await creation.ensureDefault({ userId: 'edith' }, { ...bus.own({}), ...(await self('edith')) });
    expect(offered).toMatchObject({ ok: false, error: { code: 'invitation/answer-first', kind: 'conflict' } });
    expect(await queries.own({ limit: 500 }, await self('edith'))).toMatchObject({
      value: { items: [{ id: invitation, organization: { slug: 'acme' }, role: 'editor' }] },
    });
    expect(await handlers.accept({ token }, await self('mallory'))).toMatchObject({
      ok: false,
      error: { code: 'invitation/other-address', kind: 'forbidden' },
    });
    expect(await handlers.accept({ token: invitation }, await self('mallory'))).toMatchObject({
      ok: false,
      error: { code: 'invitation/not-found' },
    });
    expect(await handlers.accept({ token }, await self('unverified'))).toMatchObject({
      ok: false,
      error: { code: 'identity/email-unverified', kind: 'forbidden' },
    });
    for (const dryRun of [true, true, false])
      expect(await handlers.accept({ token }, { ...(await self('edith')), dryRun })).toMatchObject({
        ok: true,
        value: { organization: { slug: 'acme' }, role: 'editor' },
      });
    const loaded = await embedded.commands.load(organizationDecider, organizationStream(id));
    expect(loaded.ok && loaded.value.state.status === 'active' && loaded.value.state.members.get('edith')).toEqual({
      kind: 'person',
      role: 'editor',
    });
    expect(await handlers.accept({ token }, await self('edith'))).toMatchObject({
      ok: false,
      error: { code: 'invitation/used', kind: 'conflict' },
    });
    expect(await queries.own({ limit: 500 }, await self('edith'))).toMatchObject({ value: { items: [] } });
  });

  it('A13: are accepted once by 10 simultaneous requests', async () => {
    verified.set('many', 'many-canary@acme.dev');
    const { token } = await invited('many-canary@acme.dev');
    const all = await Promise.all(
      Array.from({ length: 10 }, async () => handlers.accept({ token }, await self('many'))),
    );
    expect(all.filter(({ ok }) => ok)).toHaveLength(1);
    expect(
      (await events('organization.member-added.v1')).filter(({ data }) => JSON.stringify(data).includes('many')),
    ).toHaveLength(1);
  });

  it('replace the link when they are sent again; only the new one works', async () => {
    const first = await invited('new-canary@acme.dev');
    const again = await handlers.resend(
      { org: 'acme', id: first.id },
      { ...as('ada'), consistency: await embedded.eventStore.head() },
    );
    const token = again.ok ? (again.value.link?.split('/').at(-1) ?? '') : '';
    expect(token).not.toBe(first.token);
    await eventually(async () => {
      expect(await queries.find({ token: first.token })).toMatchObject({ error: { code: 'invitation/not-found' } });
      expect(await queries.find({ token })).toMatchObject({
        ok: true,
        value: { organization: 'Acme', role: 'editor' },
      });
    });
    await revoke(first.id);
    expect(await queries.find({ token })).toMatchObject({ error: { code: 'invitation/revoked' } });
  });

  it('are sent by a reactor: with the same token, once it is not too late, and again while identity is away', async () => {
    hasMailServer = true;
    const sent = await invited('mail-canary@acme.dev');
    expect(sent.link).toBeNull();
    expect(mails).toEqual([]); // no request waits for a mail
    isIdentityAway = true;
    await expect(react()).rejects.toThrow('bus/no-service');
    isIdentityAway = false;
    await react();
    await react();
    expect(mails).toHaveLength(2);
    expect(mails[0]).toEqual(mails[1]); // identity sends one ID once
    const { message, to } = mails[0] ?? {};
    expect(to).toEqual({ addressId: idOfAddress('mail-canary@acme.dev') });
    const token = message?.template === 'invitation' ? message.values.token : '';
    await eventually(async () => expect(await queries.find({ token })).toMatchObject({ ok: true }));

    await revoke(sent.id);
    await react();
    expect(mails).toHaveLength(2);
  });

  it('are in the state that a replay returns, like in the list, for as long as they can be accepted', async () => {
    const sent = await invited('replayed-canary@acme.dev');
    const before = await embedded.eventStore.head();
    const replayedAt = async (asOf: string, position = before) => {
      const objects: unknown = await replays.replay({ organizationId: id, position, asOf }, as('ada')); // by Serves
      const found = await lastValueFrom((objects as Observable<ReplayedObject>).pipe(toArray()));
      return found.filter(({ kind }) => kind === 'invitation');
    };
    const now = new Date(embedded.clock.now()).toISOString();
    const { consistency } = await self('ada');
    const listed = await queries.list({ org: 'acme', limit: 500 }, { ...as('ada'), consistency });
    const pending = (listed.ok ? listed.value.items : []).filter(({ state }) => state === 'PENDING');
    expect(pending.map(({ id: one }) => one)).toContain(sent.id);
    expect(await replayedAt(now)).toEqual(
      pending.toReversed().map(({ invitedBy: _, ...value }) => ({ kind: 'invitation', id: value.id, value })),
    );
    expect(await replayedAt(sent.expiresAt)).toEqual([]);
    await revoke(sent.id);
    expect((await replayedAt(now)).map(({ id: one }) => one)).toContain(sent.id);
    expect((await replayedAt(now, await embedded.eventStore.head())).map(({ id: one }) => one)).not.toContain(sent.id);
  });

  it('use a seat until they end', async () => {
    const seats = new SeatLimitHandlers(embedded.commands, embedded.clock);
    const used = async () => {
      const asked = await seats.usage({ organizationId: id });
      if (!asked.ok) throw new Error(asked.error.code);
      return asked.value;
    };
    const before = await used();
    const { id: invitation } = await invited('seat-canary@acme.dev');
    expect(await used()).toEqual({
      members: before.members + 1,
      pendingInvitations: before.pendingInvitations + 1,
    });
    await revoke(invitation);
    expect(await used()).toEqual(before);
    expect(await seats.usage({ organizationId: embedded.ids.uuid() })).toMatchObject({ value: { members: 0 } });
  });
});
