import {
  OutgoingMessage,
  StreamEndedError,
  CALLER_HEADER,
  CallerKeyring,
  MESSAGE_BYTES,
  signCaller,
  verifyCaller,
  type AnswerPacket,
  type Bus,
  type BusTransport,
  type Reply,
  type RequestContext,
} from '#bus';
import { silentLogger, type DomainError } from '#kernel';
import { systemClock } from '#runtime/system';
import { eventually } from '#testing';
import {
  ACME,
  ALICE,
  busesOver,
  directoryOf,
  fixtureContracts,
  personContext,
  startServer,
  testKeys,
  type Fixture,
} from './fixture.ts';

export interface BusUnderTest {
  /** A transport that can send; closed by the suite. */
  open(): Promise<BusTransport>;
}

const { echo, act, mismatched, slow, large, inOrganization, internal, unserved, count, forever, silent, watched } =
  fixtureContracts;

/** Every transport must pass; behavior that only one transport has is not part of the bus. */
export function busContract(engine: string, { open }: BusUnderTest): void {
  describe(`bus on ${engine}`, () => {
    let transport: BusTransport;
    let server: Fixture;
    let gateway: Bus;
    let caller: Bus;
    const directory = directoryOf(
      [`user-${ALICE}`, { type: 'user.registered.v1', data: { globalRole: 'developer' } }],
      ['user-root', { type: 'user.registered.v1', data: { globalRole: 'admin' } }],
      ['user-stranger', { type: 'user.registered.v1', data: { globalRole: 'developer' } }],
      ['user-vic', { type: 'user.registered.v1', data: { globalRole: 'developer' } }],
      [
        `organization-${ACME}`,
        { type: 'organization.created.v1', data: { name: 'Acme', slug: 'acme', ownerId: ALICE, isDefault: false } },
      ],
      [
        `organization-${ACME}`,
        { type: 'organization.member-added.v1', data: { memberId: 'vic', kind: 'person', role: 'viewer' } },
      ],
    );

    beforeEach(async () => {
      transport = await open();
      server = await startServer(transport, systemClock, directory);
      ({ gateway, caller } = busesOver(transport, systemClock, silentLogger));
    });
    afterEach(async () => {
      server.release();
      await server.close();
      await transport.close();
    });

    const person = (more: Partial<RequestContext> = {}): RequestContext => personContext(systemClock, undefined, more);
    const loginOf = (userId: string): RequestContext => personContext(systemClock, { kind: 'login', userId });

    describe('requests', () => {
      it('carries an answer with what stands beside it', async () => {
        expect(await gateway.request(echo, { text: 'grüße 🚀' }, person())).toEqual({
          ok: true,
          value: { text: 'grüße 🚀' },
          meta: { revision: 3 },
        });
      });

      it('carries a refusal whole', async () => {
        expect(refusalIn(await gateway.request(act, { how: 'refuse' }, person()))).toEqual({
          code: 'fixture/refused',
          kind: 'conflict',
          detail: 'Refused.',
          fix: 'do otherwise',
          extra: { used: 3 },
        });
      });

      it('encodes every message: what JSON does not say does not arrive', async () => {
        expect(await gateway.request(act, { how: 'date' }, person())).toEqual({
          ok: true,
          value: { at: '1970-01-01T00:00:00.000Z' },
          meta: {},
        });
      });

      it('gives each of many requests in flight its own answer', async () => {
        const texts = Array.from({ length: 200 }, (_, n) => `text ${n}`);
        const answers = await Promise.all(texts.map((text) => gateway.request(echo, { text }, person())));
        expect(answers.map((answer) => answer.ok && answer.value.text)).toEqual(texts);
      });

      it('refuses unknown members, wrong types and NUL with a pointer to each', async () => {
        const bad = { text: 7, nested: { n: 1, $gt: '' } } as unknown as { text: string };
        const refused = refusalIn(await gateway.request(echo, bad, person()));
        expect(refused).toMatchObject({ code: 'request/invalid', kind: 'invalid' });
        expect(refused.errors?.map(({ pointer }) => pointer).sort()).toEqual(['/nested/$gt', '/text']);
        expect(refusalIn(await gateway.request(echo, { text: 'a\0b' }, person()))).toMatchObject({
          code: 'request/invalid',
          errors: [{ pointer: '/text' }],
        });
        expect(await gateway.request(echo, { text: 'a\\u0000b' }, person())).toMatchObject({ ok: true });
      });

      it('says at once when nobody serves', async () => {
        const start = performance.now();
        expect(refusalIn(await gateway.request(unserved, {}, person()))).toMatchObject({
          code: 'bus/nobody-serves',
          kind: 'unavailable',
        });
        expect(performance.now() - start).toBeLessThan(1_000);
      });

      it('ends the wait at the contract’s time-out', async () => {
        expect(refusalIn(await gateway.request(act, { how: 'never' }, person()))).toMatchObject({
          code: 'bus/timeout',
          kind: 'unavailable',
        });
      });

      it('does not send what nobody waits for any more', async () => {
        expect(
          refusalIn(await gateway.request(echo, { text: 'late' }, person({ deadlineMs: systemClock.now() - 1 }))),
        ).toMatchObject({ code: 'bus/timeout' });
      });

      it('logs a defect with its cause and shows it to nobody', async () => {
        const refused = refusalIn(await gateway.request(act, { how: 'throw' }, person({ correlationId: 'trace-me' })));
        expect(refused).toMatchObject({ code: 'bus/internal', kind: 'unavailable' });
        expect(JSON.stringify(refused)).not.toContain('secret');
        expect(server.logged).toContainEqual({
          fields: expect.objectContaining({
            subject: act.subject,
            correlationId: 'trace-me',
            err: expect.objectContaining({
              message: 'secret of the handler',
              cause: expect.objectContaining({ message: 'secret cause' }),
            }),
          }),
          message: 'a handler failed',
        });
      });

      it('use-L4: answers for a store that cannot write with its own refusal, and tells the log the rest', async () => {
        const refused = refusalIn(await gateway.request(act, { how: 'disk-full' }, person()));
        expect(refused).toMatchObject({
          code: 'platform/disk-full',
          kind: 'unavailable',
          detail: 'The disk of the platform is full or not writable. Nothing was changed.',
        });
        expect(JSON.stringify(refused)).not.toContain('the file of the store');
        expect(server.logged).toContainEqual({
          fields: expect.objectContaining({
            subject: act.subject,
            err: expect.objectContaining({ message: 'the file of the store cannot be written' }),
          }),
          message: 'a handler failed because an engine is unavailable',
        });
      });

      it('treats an answer that does not fit its contract as a defect, and logs where it does not, and no value', async () => {
        expect(refusalIn(await gateway.request(mismatched, {}, person()))).toMatchObject({ code: 'bus/internal' });
        const [line] = server.logged.filter(
          ({ fields }) => 'subject' in fields && fields.subject === mismatched.subject,
        );
        expect(line?.fields).toMatchObject({
          err: { message: expect.stringMatching(/\/items\/1\/n [^;]+; \/items\/1\/more is not a known field/) },
        });
        expect(JSON.stringify(server.logged)).not.toContain('secret of the answer');
      });

      it('sends it on where production has the check left off', async () => {
        await server.close();
        await transport.close();
        transport = await open();
        server = await startServer(transport, systemClock, directory, { checksOutput: false });
        ({ gateway } = busesOver(transport, systemClock, silentLogger));
        expect(await gateway.request(mismatched, {}, person())).toMatchObject({ ok: true });
      });

      it('treats an empty answer as a defect', async () => {
        expect(refusalIn(await gateway.request(act, { how: 'undefined' }, person()))).toMatchObject({
          code: 'bus/internal',
        });
      });

      it('answers what it has taken before it closes, and nothing after', async () => {
        const answer = gateway.request(slow, {}, person());
        await eventually(() => expect(server.waiting()).toBe(1));
        const closed = server.close();
        setTimeout(() => server.release(), 50);
        expect(await answer).toMatchObject({ ok: true, value: 'done' });
        await closed;
        expect(refusalIn(await gateway.request(echo, { text: 'x' }, person()))).toMatchObject({
          code: 'bus/nobody-serves',
        });
      });
    });

    describe('F28: a message over 900 KiB', () => {
      it('is refused as a request, with the same code', async () => {
        expect(refusalIn(await gateway.request(echo, { text: 'x'.repeat(MESSAGE_BYTES) }, person()))).toMatchObject({
          code: 'bus/message-too-large',
          kind: 'invalid',
        });
        expect(refusalIn(await gateway.request(echo, { text: '€'.repeat(MESSAGE_BYTES / 3) }, person()))).toMatchObject(
          { code: 'bus/message-too-large' },
        );
      });

      it('is refused as an answer, at once', async () => {
        const start = performance.now();
        expect(refusalIn(await gateway.request(large, { bytes: MESSAGE_BYTES }, person()))).toMatchObject({
          code: 'bus/message-too-large',
        });
        expect(performance.now() - start).toBeLessThan(2_000);
      });

      it('is refused as an item of a stream', async () => {
        expect(await outcomeOf(gateway.stream(count, { to: 2, fault: 'large' }, person()))).toMatchObject({
          items: 2,
          error: { code: 'bus/message-too-large' },
        });
      });

      it('passes when it is a little smaller', async () => {
        expect(await gateway.request(large, { bytes: MESSAGE_BYTES - 200 }, person())).toMatchObject({ ok: true });
      });
    });

    describe('streams', () => {
      it.each(['iterable', 'observable'] as const)('keep order and end by themselves (%s)', async (through) => {
        const seen: number[] = [];
        for await (const { n } of gateway.stream(count, { to: 3_000, through }, person())) seen.push(n);
        expect(seen).toEqual(Array.from({ length: 3_000 }, (_, index) => index + 1));
      });

      it('end with the refusal of their producer, after what came before', async () => {
        expect(await outcomeOf(gateway.stream(count, { to: 3, fault: 'refuse' }, person()))).toMatchObject({
          items: 3,
          error: { code: 'fixture/no-more' },
        });
      });

      it('show no defect to the reader', async () => {
        const { error } = await outcomeOf(gateway.stream(count, { to: 1, fault: 'throw' }, person()));
        expect(error).toMatchObject({ code: 'bus/internal' });
        expect(JSON.stringify(error)).not.toContain('secret');
        expect(JSON.stringify(server.logged)).toContain('secret of the stream');
      });

      it('end at an item that does not fit their contract', async () => {
        expect(await outcomeOf(gateway.stream(count, { to: 2, fault: 'undeclared' }, person()))).toMatchObject({
          items: 2,
          error: { code: 'bus/internal' },
        });
        expect(JSON.stringify(server.logged)).not.toContain('secret of the item');
      });

      it('refuse before the first item whom the guard does not admit', async () => {
        expect(await outcomeOf(gateway.stream(watched, { organization: 'acme' }, loginOf('stranger')))).toMatchObject({
          items: 0,
          error: { code: 'organization/not-found' },
        });
        expect(await outcomeOf(gateway.stream(watched, { organization: 'acme' }, loginOf('vic')))).toEqual({
          items: 1,
        });
      });

      it('refuse invalid input', async () => {
        expect(
          await outcomeOf(gateway.stream(count, { to: 'many' } as unknown as { to: number }, person())),
        ).toMatchObject({ error: { code: 'request/invalid' } });
      });

      it('stop their producer when the reader leaves the loop', async () => {
        for await (const { n } of gateway.stream(forever, {}, person())) if (n === 3) break;
        await eventually(() => expect(server.producing()).toBe(0));
      });

      it.each([
        ['busy', forever],
        ['silent', silent],
      ] as const)('stop a %s producer when the reader aborts', async (_name, contract) => {
        const abort = new AbortController();
        const read = outcomeOf(gateway.stream(contract, {}, person(), abort.signal));
        await eventually(() => expect(server.producing()).toBe(1));
        abort.abort();
        expect((await read).error).toBeUndefined();
        await eventually(() => expect(server.producing()).toBe(0));
      });

      it('outlive the lease while both sides live', async () => {
        const abort = new AbortController();
        const read = outcomeOf(gateway.stream(silent, {}, person(), abort.signal));
        await eventually(() => expect(server.producing()).toBe(1));
        await new Promise((resolve) => setTimeout(resolve, 700)); // the engines under test are opened with a lease of 300 ms
        expect(server.producing()).toBe(1);
        abort.abort();
        await read;
      });

      it('say so when the server goes away', async () => {
        const read = outcomeOf(gateway.stream(silent, {}, person()));
        await eventually(() => expect(server.producing()).toBe(1));
        await server.close();
        expect((await read).error).toMatchObject({ code: 'bus/shutting-down', kind: 'unavailable' });
      });

      it('say at once when nobody serves', async () => {
        await server.close();
        expect((await outcomeOf(gateway.stream(forever, {}, person()))).error).toMatchObject({
          code: 'bus/nobody-serves',
        });
      });
    });

    describe('rights', () => {
      it('resolves the slug and gives the handler the organization’s id and the actor', async () => {
        const answer = await gateway.request(
          inOrganization,
          { organization: 'acme' },
          person({ organizationId: 'forged', ifMatch: 4, dryRun: true }),
        );
        expect(answer).toMatchObject({
          ok: true,
          value: {
            organizationId: ACME,
            actor: { id: ALICE, kind: 'person', isGlobalAdmin: false },
            ifMatch: 4,
            dryRun: true,
          },
        });
      });

      it('believes the directory about global admins, not the caller', async () => {
        const liar = { ...loginOf(ALICE), actor: { id: ALICE, kind: 'person' as const, isGlobalAdmin: true } };
        expect(await gateway.request(inOrganization, { organization: ACME }, liar)).toMatchObject({
          ok: true,
          value: { actor: { isGlobalAdmin: false } },
        });
        expect(await gateway.request(inOrganization, { organization: ACME }, loginOf('root'))).toMatchObject({
          ok: true,
          value: { actor: { isGlobalAdmin: true } },
        });
      });

      it('refuses a role that does not suffice, and hides the organization from strangers; both leave a record', async () => {
        expect(
          refusalIn(await gateway.request(inOrganization, { organization: 'acme' }, loginOf('vic'))),
        ).toMatchObject({ kind: 'forbidden' });
        const stranger = refusalIn(
          await gateway.request(inOrganization, { organization: 'acme' }, loginOf('stranger')),
        );
        const unknown = refusalIn(
          await gateway.request(inOrganization, { organization: 'nowhere' }, loginOf('stranger')),
        );
        expect(stranger).toMatchObject({ code: 'organization/not-found', kind: 'not-found' });
        expect(unknown).toEqual(stranger);
        expect(server.refusals).toMatchObject([
          { organizationId: ACME, permission: 'application.deploy' },
          { organizationId: ACME },
          {},
        ]);
      });

      it('lets only listed services ask what is for services', async () => {
        const asked = await caller.request(internal, { organization: ACME }, caller.own({ correlationId: 'why' }));
        expect(asked).toMatchObject({
          ok: true,
          value: { actor: { id: 'system:caller', kind: 'system' }, organizationId: ACME, correlationId: 'why' },
        });
        expect(refusalIn(await gateway.request(internal, { organization: ACME }, person()))).toMatchObject({
          code: 'bus/services-only',
          kind: 'forbidden',
        });
        expect(refusalIn(await gateway.request(internal, { organization: ACME }, gateway.own({})))).toMatchObject({
          code: 'bus/caller-not-listed',
          kind: 'forbidden',
        });
        expect(refusalIn(await caller.request(inOrganization, { organization: ACME }, caller.own({})))).toMatchObject({
          code: 'bus/caller-not-listed',
        });
      });

      it('does not let a service send in the name of a person, nor of another service', async () => {
        expect(() => caller.request(echo, { text: 'x' }, person())).toThrow('bus.own');
        expect(() => caller.request(echo, { text: 'x' }, gateway.own({}))).toThrow('bus.own');
      });
    });

    describe('callers that are not believed', () => {
      const body = { organization: ACME };
      const raw = async (
        headers: Record<string, string>,
        json = JSON.stringify(body),
        subject = inOrganization.subject,
      ): Promise<DomainError> => {
        const { response } = await exchange(subject, json, headers);
        const answer = response as Reply<unknown>;
        if (answer.ok) throw new Error('was admitted');
        return answer.error;
      };
      const exchange = (subject: string, json: string, headers: Record<string, string>): Promise<AnswerPacket> =>
        new Promise((resolve) =>
          transport.exchange(subject, new OutgoingMessage(json, headers, 'one', 2_000), resolve),
        );
      const signed = (
        context: RequestContext,
        subject: string = inOrganization.subject,
        json = JSON.stringify(body),
        now = systemClock.now(),
      ) => signCaller(new CallerKeyring(testKeys), subject, json, context, now);

      it('A21: a message without, or with a forged, caller context is unauthenticated', async () => {
        expect(await raw({})).toMatchObject({ code: 'bus/caller-not-believed', kind: 'unauthenticated' });
        expect(await raw({ userId: ALICE, 'x-user-id': ALICE })).toMatchObject({ kind: 'unauthenticated' });
        const forged = signed(person()).replace(`"userId":"${ALICE}"`, '"userId":"root"');
        expect(forged).toContain('root');
        expect(await raw({ [CALLER_HEADER]: forged })).toMatchObject({
          code: 'bus/caller-not-believed',
          kind: 'unauthenticated',
        });
        expect(await raw({ [CALLER_HEADER]: signed(person()).replace('.person.', '.service.') })).toMatchObject({
          kind: 'unauthenticated',
        });
        const foreign = signCaller(
          new CallerKeyring([{ id: 'k1', key: new Uint8Array(32).fill(8) }]),
          inOrganization.subject,
          JSON.stringify(body),
          person(),
          systemClock.now(),
        );
        expect(await raw({ [CALLER_HEADER]: foreign })).toMatchObject({ kind: 'unauthenticated' });
        for (const garbage of [
          '',
          '.',
          '...',
          'k1.person..',
          'a.b.c.d.e',
          'k1.person.bm8.{}',
          `k1.person.${'A'.repeat(43)}.{}`,
          `k9.person.${'A'.repeat(43)}.{}`,
        ])
          expect(await raw({ [CALLER_HEADER]: garbage })).toMatchObject({ kind: 'unauthenticated' });
        expect(server.refusals.length).toBeGreaterThan(5);
      });

      it('B26: a context is believed for 30 s, by one receiver, for one subject and one body', async () => {
        const now = systemClock.now();
        expect(
          await raw({
            [CALLER_HEADER]: signed(person({ deadlineMs: now + 60_000 }), undefined, undefined, now - 29_000),
          }).catch(String),
        ).toBe('Error: was admitted');
        expect(
          await raw({
            [CALLER_HEADER]: signed(person({ deadlineMs: now + 60_000 }), undefined, undefined, now - 30_001),
          }),
        ).toMatchObject({
          code: 'bus/caller-expired',
          kind: 'unauthenticated',
        });
        expect(
          await raw({
            [CALLER_HEADER]: signed(person({ deadlineMs: now + 600_000 }), undefined, undefined, now + 60_000),
          }),
        ).toMatchObject({ kind: 'unauthenticated' });
        expect(await raw({ [CALLER_HEADER]: signed(person(), 'organizations.v1.echo') })).toMatchObject({
          code: 'bus/caller-not-believed',
        });
        expect(await raw({ [CALLER_HEADER]: signed(person(), echo.subject) })).toMatchObject({
          code: 'bus/caller-not-believed',
        });
        expect(
          await raw({ [CALLER_HEADER]: signed(person()) }, JSON.stringify({ organization: 'other' })),
        ).toMatchObject({ code: 'bus/caller-not-believed' });
      });

      it('B26: a service context that names a person is unauthenticated', async () => {
        const keyring = new CallerKeyring(testKeys);
        const service = signed({ ...caller.own({}), deadlineMs: systemClock.now() + 5_000 });
        expect(service.split('.')[1]).toBe('service');
        const { createHmac } = await import('node:crypto');
        const text = signed(person()).split('.').slice(3).join('.');
        expect(JSON.parse(text)).toMatchObject({ principal: { userId: ALICE } });
        const key = keyring.key('k1', 'service', 'fixture');
        if (!key) throw new Error('no key');
        expect(
          await raw({
            [CALLER_HEADER]: `k1.service.${createHmac('sha256', key)
              .update(`service\n${text}\n${JSON.stringify(body)}`)
              .digest('base64url')}.${text}`,
          }),
        ).toMatchObject({ code: 'bus/caller-not-believed', kind: 'unauthenticated' });
      });

      it('admits what was signed with an older key while it is still listed', () => {
        const rotated = [{ id: 'k0', key: new Uint8Array(32).fill(1) }] as const;
        const old = signCaller(new CallerKeyring(testKeys), echo.subject, '{"text":"x"}', person(), systemClock.now());
        const guard = verifyCaller(
          new CallerKeyring([...rotated, ...testKeys]),
          echo.subject,
          '{"text":"x"}',
          old,
          systemClock.now(),
        );
        expect(guard.ok).toBe(true);
      });

      it('answers a message that is not JSON', async () => {
        expect(await exchange(echo.subject, '{', {})).toMatchObject({ err: { code: 'request/invalid' } });
      });
    });
  });
}

function refusalIn(answer: Reply<unknown>): DomainError {
  if (answer.ok) throw new Error(`was not refused: ${JSON.stringify(answer.value)}`);
  return answer.error;
}

async function outcomeOf(items: AsyncIterable<unknown>): Promise<{ items: number; error?: DomainError }> {
  const iterator = items[Symbol.asyncIterator]();
  let seen = 0;
  try {
    while (!(await iterator.next()).done) seen++;
    return { items: seen };
  } catch (error) {
    if (error instanceof StreamEndedError) return { items: seen, error: error.error };
    throw error;
  }
}
