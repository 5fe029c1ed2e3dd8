import { directoryEvents, type AccessKeyCreated, type DirectoryFact } from '#access';
import { refuse, reply } from '#bus';
import type { InputOf } from '#bus/contract';
import type { sendMailRequest } from '#identity/contract';
import { domainError, silentLogger, type Decider } from '#kernel';
import { eventually, manualClock, temporaryFolder } from '#testing';
import { answeringBus, openEmbedded, type Embedded } from '#testing/embedded';
import { keyRingStream } from '../key-ring.events.ts';
import { keysProjection } from '../overview/keys.projection.ts';
import { ExpiryAnnouncementsSweep } from './expiry-announcements.sweep.ts';

const ACME = 'a0000000-0000-7000-8000-000000000001';
const DAY_MS = 86_400_000;

/** Records any events, in place of the other contexts. */
const facts: Decider<null, readonly DirectoryFact[], DirectoryFact, never> = {
  events: directoryEvents,
  initialState: null,
  evolve: () => null,
  decide: (events) => ({ ok: true, value: events }),
};

type Sent = InputOf<typeof sendMailRequest>;

describe('the e-mail before an access key ends', () => {
  const folder = temporaryFolder();
  let opened = 0;
  let embedded: Embedded;
  let sent: Sent[];
  /** User to whom identity cannot send now. */
  let unavailableFor: string | undefined;
  const startMs = Date.now();
  let clock: ReturnType<typeof manualClock>;
  const bus = answeringBus('access-keys', {
    'identity.v1.mail.send': (input: Sent) => {
      if ('userId' in input.to && input.to.userId === unavailableFor)
        return refuse(domainError('bus/unavailable', 'unavailable', 'Identity does not respond.'));
      sent.push(input);
      return reply({ accepted: true });
    },
  });

  const record = async (stream: string, ...events: DirectoryFact[]) => {
    const context = embedded.request({ kind: 'service', service: 'organizations' }, { organizationId: ACME });
    const recorded = await embedded.commands.run(facts, stream, events, context);
    if (!recorded.ok) throw new Error(recorded.error.code);
    const at = recorded.value.meta.position;
    await eventually(async () => expect((await embedded.readModels.get(keysProjection, 'none', at)).ok).toBe(true));
  };
  /** @param days until the key ends; undefined: it does not end */
  const create = (keyId: string, days: number | undefined, more: Partial<AccessKeyCreated> = {}) =>
    record(keyRingStream(ACME), {
      type: 'access-key.created.v1',
      data: {
        keyId,
        memberId: 'grace',
        memberKind: 'person',
        name: 'nightly',
        digest: `digest-${keyId}`,
        masked: 'astro_7Hq2...k9Zd',
        role: 'viewer',
        source: 'cli',
        ...(days !== undefined && { expiresAt: new Date(startMs + days * DAY_MS).toISOString() }),
        ...more,
      },
    });
  /** Runs the sweep of a process that has just started. */
  const sweep = async () => {
    const { commands, readModels, access } = embedded;
    await eventually(async () => {
      const directory = await access.current();
      expect(directory.ok).toBe(true);
    });
    const started = new ExpiryAnnouncementsSweep(commands, readModels, access, bus, clock, silentLogger);
    await started.run(new AbortController().signal);
  };
  const announced = async () =>
    (await embedded.events()).filter(({ type }) => type === 'access-key.expiry-announced.v1').length;
  const toUsers = () => sent.map(({ to }) => ('userId' in to ? to.userId : undefined)).toSorted();

  beforeEach(async () => {
    embedded = await openEmbedded(`${folder}/${opened++}`);
    await embedded.sourcing.projections([keysProjection]);
    sent = [];
    unavailableFor = undefined;
    clock = manualClock(startMs);
    for (const user of ['ada', 'grace', 'linus'])
      await record(`user-${user}`, { type: 'user.registered.v1', data: { globalRole: 'developer' } });
    await record(
      `organization-${ACME}`,
      { type: 'organization.created.v1', data: { name: 'Acme', slug: 'acme', ownerId: 'ada', isDefault: false } },
      { type: 'organization.member-added.v1', data: { memberId: 'linus', kind: 'person', role: 'owner' } },
      { type: 'organization.member-added.v1', data: { memberId: 'grace', kind: 'person', role: 'viewer' } },
      {
        type: 'organization.member-added.v1',
        data: { memberId: 'service-1', kind: 'service', role: 'editor', name: 'ci-deploy' },
      },
    );
  });
  afterEach(() => embedded.close());

  it('goes to the owner once, 7 days before, also after restarts', async () => {
    await create('key_1', 30);
    await sweep();
    clock.jump(23 * DAY_MS - 1);
    await sweep();
    expect(sent).toEqual([]);
    clock.jump(1);
    await sweep();
    await sweep();
    clock.jump(DAY_MS);
    await sweep();
    const values = {
      organization: 'acme',
      keyId: 'key_1',
      keyName: 'nightly',
      expiresAt: new Date(startMs + 30 * DAY_MS).toISOString(),
    };
    const message = { template: 'key-expiry', values };
    expect(sent).toEqual([{ id: 'key-expiry.key_1.grace', to: { userId: 'grace' }, message }]);
    expect(await announced()).toBe(1);
  });

  it('goes to the owners of the organization if the key acts for a service member', async () => {
    await create('key_1', 30, { memberId: 'service-1', memberKind: 'service' });
    clock.jump(25 * DAY_MS);
    await sweep();
    expect(toUsers()).toEqual(['ada', 'linus']);
    for (const { message } of sent) expect(message.values).toMatchObject({ serviceMember: 'ci-deploy' });
    expect(await announced()).toBe(1);
  });

  it('is sent when identity responds again, with the same ID to those who were told before', async () => {
    await create('key_1', 30, { memberId: 'service-1', memberKind: 'service' });
    clock.jump(25 * DAY_MS);
    unavailableFor = 'linus';
    await sweep();
    expect([toUsers(), await announced()]).toEqual([['ada'], 0]);
    unavailableFor = undefined;
    await sweep();
    expect(new Set(sent.map(({ id }) => id))).toEqual(new Set(['key-expiry.key_1.ada', 'key-expiry.key_1.linus']));
    expect(await announced()).toBe(1);
  });

  it('is not sent for keys of logins, and for those that were revoked, replaced, ended, or live for 7 days', async () => {
    await create('key_login', 30, { source: 'login', machine: 'laptop' });
    await create('key_revoked', 30);
    await create('key_replaced', 30);
    await create('key_ended', 24);
    await create('key_far', 90);
    await create('key_endless', undefined);
    await record(
      keyRingStream(ACME),
      { type: 'access-key.revoked.v1', data: { keyId: 'key_revoked', reason: 'lost' } },
      {
        type: 'access-key.rotated.v1',
        data: {
          keyId: 'key_replaced',
          replacedBy: 'key_far',
          worksUntil: new Date(startMs + 26 * DAY_MS).toISOString(),
        },
      },
    );
    clock.jump(25 * DAY_MS);
    await sweep();
    await create('key_short', 7);
    clock.jump(-20 * DAY_MS);
    await sweep();
    expect([sent, await announced()]).toEqual([[], 0]);
  });

  it.each<[string, string, DirectoryFact]>([
    ['is suspended', 'user-grace', { type: 'user.suspended.v1', data: {} }],
    ['was removed', `organization-${ACME}`, { type: 'organization.member-removed.v1', data: { memberId: 'grace' } }],
    [
      'is a member no more',
      `organization-${ACME}`,
      {
        type: 'organization.member-role-changed.v1',
        data: { memberId: 'grace', role: 'viewer', until: new Date(startMs + DAY_MS).toISOString() },
      },
    ],
    ['has no organization anymore', `organization-${ACME}`, { type: 'organization.deleted.v1', data: {} }],
  ])('is not sent to somebody who %s', async (_case, stream, event) => {
    await create('key_1', 30);
    await record(stream, event);
    clock.jump(25 * DAY_MS);
    await sweep();
    expect([sent, await announced()]).toEqual([[], 0]);
  });
});
