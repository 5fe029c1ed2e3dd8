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
  type CallerKeys,
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
  recordingTransport,
  startServer,
  testKeys,
  type Fixture,
} from './fixture.ts';

export interface BusUnderTest {
  /** Opens a transport that can send. The suite closes it. */
  open(): Promise<BusTransport>;
}

const {
  echo,
  act,
  mismatched,
  slow,
  large,
  inOrganization,
  internal,
  unserved,
  count,
  forever,
  silent,
  watched,
  revealing,
  revealed,
} = fixtureContracts;

/** Tests the behavior that every transport must have. */
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
      it('returns the value of a reply with its metadata', async () => {
        expect(await gateway.request(echo, { text: 'grüße 🚀' }, person())).toEqual({
          ok: true,
          value: { text: 'grüße 🚀' },
          meta: { revision: 3 },
        });
      });

      it('returns an error with all members', async () => {
        expect(refusalIn(await gateway.request(act, { how: 'refuse' }, person()))).toEqual({
          code: 'fixture/refused',
          kind: 'conflict',
          detail: 'Refused.',
          fix: 'do otherwise',
          extra: { used: 3 },
        });
      });

      it('encodes every message, so that what JSON cannot represent is not received', async () => {
        expect(await gateway.request(act, { how: 'date' }, person())).toEqual({
          ok: true,
          value: { at: '1970-01-01T00:00:00.000Z' },
          meta: {},
        });
      });

      it('returns to each of many simultaneous requests its own reply', async () => {
        const texts = Array.from({ length: 200 }, (_, n) => `text ${n}`);
        const replies = await Promise.all(texts.map((text) => gateway.request(echo, { text }, person())));
        expect(replies.map((response) => response.ok && response.value.text)).toEqual(texts);
      });

      it('rejects unknown members, wrong types, and NUL with a pointer to each', async () => {
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

      it('fails immediately if no process serves the subject', async () => {
        const start = performance.now();
        expect(refusalIn(await gateway.request(unserved, {}, person()))).toMatchObject({
          code: 'bus/nobody-serves',
          kind: 'unavailable',
        });
        expect(performance.now() - start).toBeLessThan(1_000);
      });

      it('fails after the timeout of the contract', async () => {
        expect(refusalIn(await gateway.request(act, { how: 'never' }, person()))).toMatchObject({
          code: 'bus/timeout',
          kind: 'unavailable',
        });
      });

      it('does not send a request whose deadline has passed', async () => {
        expect(
          refusalIn(await gateway.request(echo, { text: 'late' }, person({ deadlineMs: systemClock.now() - 1 }))),
        ).toMatchObject({ code: 'bus/timeout' });
      });

      it('logs a defect with its cause, and does not reveal it to the caller', async () => {
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

      it('use-L4: returns the error of a store that cannot write, and logs the details', async () => {
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

      it('treats a reply that does not match its contract as a defect, and does not log its value', async () => {
        expect(refusalIn(await gateway.request(mismatched, {}, person()))).toMatchObject({ code: 'bus/internal' });
        const [line] = server.logged.filter(
          ({ fields }) => 'subject' in fields && fields.subject === mismatched.subject,
        );
        expect(line?.fields).toMatchObject({
          err: { message: expect.stringMatching(/\/items\/1\/n [^;]+; \/items\/1\/more is not a known field/) },
        });
        expect(JSON.stringify(server.logged)).not.toContain('secret of the answer');
      });

      it('returns such a reply if the check is disabled, as in production', async () => {
        await server.close();
        await transport.close();
        transport = await open();
        server = await startServer(transport, systemClock, directory, { checksOutput: false });
        ({ gateway } = busesOver(transport, systemClock, silentLogger));
        expect(await gateway.request(mismatched, {}, person())).toMatchObject({ ok: true });
      });

      it('treats an empty reply as a defect', async () => {
        expect(refusalIn(await gateway.request(act, { how: 'undefined' }, person()))).toMatchObject({
          code: 'bus/internal',
        });
      });

      it('completes accepted requests before it closes, and accepts none afterwards', async () => {
        const response = gateway.request(slow, {}, person());
        await eventually(() => expect(server.waiting()).toBe(1));
        const closed = server.close();
        setTimeout(() => server.release(), 50);
        expect(await response).toMatchObject({ ok: true, value: 'done' });
        await closed;
        expect(refusalIn(await gateway.request(echo, { text: 'x' }, person()))).toMatchObject({
          code: 'bus/nobody-serves',
        });
      });
    });

    describe('F28: a message over 900 KiB', () => {
      it('is rejected as a request, with the same code', async () => {
        expect(refusalIn(await gateway.request(echo, { text: 'x'.repeat(MESSAGE_BYTES) }, person()))).toMatchObject({
          code: 'bus/message-too-large',
          kind: 'invalid',
        });
        expect(refusalIn(await gateway.request(echo, { text: '€'.repeat(MESSAGE_BYTES / 3) }, person()))).toMatchObject(
          { code: 'bus/message-too-large' },
        );
      });

      it('is rejected as a reply, immediately', async () => {
        const start = performance.now();
        expect(refusalIn(await gateway.request(large, { bytes: MESSAGE_BYTES }, person()))).toMatchObject({
          code: 'bus/message-too-large',
        });
        expect(performance.now() - start).toBeLessThan(2_000);
      });

      it('is rejected as an item of a stream', async () => {
        expect(await outcomeOf(gateway.stream(count, { to: 2, fault: 'large' }, person()))).toMatchObject({
          items: 2,
          error: { code: 'bus/message-too-large' },
        });
      });

      it('is accepted if it is a little smaller', async () => {
        expect(await gateway.request(large, { bytes: MESSAGE_BYTES - 200 }, person())).toMatchObject({ ok: true });
      });
    });

    describe('streams', () => {
      it.each(['iterable', 'observable'] as const)('keep the order of items and end (%s)', async (through) => {
        const seen: number[] = [];
        for await (const { n } of gateway.stream(count, { to: 3_000, through }, person())) seen.push(n);
        expect(seen).toEqual(Array.from({ length: 3_000 }, (_, index) => index + 1));
      });

      it('end with the error of their producer, after the preceding items', async () => {
        expect(await outcomeOf(gateway.stream(count, { to: 3, fault: 'refuse' }, person()))).toMatchObject({
          items: 3,
          error: { code: 'fixture/no-more' },
        });
      });

      it('do not reveal a defect to the reader', async () => {
        const { error } = await outcomeOf(gateway.stream(count, { to: 1, fault: 'throw' }, person()));
        expect(error).toMatchObject({ code: 'bus/internal' });
        expect(JSON.stringify(error)).not.toContain('secret');
        expect(JSON.stringify(server.logged)).toContain('secret of the stream');
      });

      it('end at an item that does not match their contract', async () => {
        expect(await outcomeOf(gateway.stream(count, { to: 2, fault: 'undeclared' }, person()))).toMatchObject({
          items: 2,
          error: { code: 'bus/internal' },
        });
        expect(JSON.stringify(server.logged)).not.toContain('secret of the item');
      });

      it('are rejected before the first item if the guard denies them', async () => {
        expect(await outcomeOf(gateway.stream(watched, { organization: 'acme' }, loginOf('stranger')))).toMatchObject({
          items: 0,
          error: { code: 'organization/not-found' },
        });
        expect(await outcomeOf(gateway.stream(watched, { organization: 'acme' }, loginOf('vic')))).toEqual({
          items: 1,
        });
      });

      it('reject invalid input', async () => {
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

      it('stop the producer of a slow reader, who still receives all earlier items and then the error', async () => {
        const items = gateway.stream(count, { to: Number.MAX_SAFE_INTEGER }, person())[Symbol.asyncIterator]();
        const seen = [(await items.next()).value.n as number];
        await eventually(() => expect(server.producing()).toBe(0));
        const readRest = async () => {
          for (let next = await items.next(); !next.done; next = await items.next()) seen.push(next.value.n);
        };
        await expect(readRest()).rejects.toMatchObject({ error: { code: 'bus/reader-too-slow' } });
        expect(seen.every((n, index) => n === index + 1)).toBe(true);
        expect(seen.length).toBeGreaterThan(20_000);
      });

      it('continue after the lease while both sides are running', async () => {
        const abort = new AbortController();
        const read = outcomeOf(gateway.stream(silent, {}, person(), abort.signal));
        await eventually(() => expect(server.producing()).toBe(1));
        // The suites open their engines with a lease of 300 ms.
        await new Promise((resolve) => setTimeout(resolve, 700));
        expect(server.producing()).toBe(1);
        abort.abort();
        await read;
      });

      it('end with an error when the server stops', async () => {
        const read = outcomeOf(gateway.stream(silent, {}, person()));
        await eventually(() => expect(server.producing()).toBe(1));
        await server.close();
        expect((await read).error).toMatchObject({ code: 'bus/shutting-down', kind: 'unavailable' });
      });

      it('fail immediately if no process serves the subject', async () => {
        await server.close();
        expect((await outcomeOf(gateway.stream(forever, {}, person()))).error).toMatchObject({
          code: 'bus/nobody-serves',
        });
      });
    });

    describe('permissions', () => {
      it("resolves the slug, and passes the organization's ID and the actor to the handler", async () => {
        const response = await gateway.request(
          inOrganization,
          { organization: 'acme' },
          person({ organizationId: 'forged', ifMatch: 4, dryRun: true }),
        );
        expect(response).toMatchObject({
          ok: true,
          value: {
            organizationId: ACME,
            actor: { id: ALICE, kind: 'person', isGlobalAdmin: false },
            ifMatch: 4,
            dryRun: true,
          },
        });
      });

      it('reads global admins from the directory, not from the caller', async () => {
        const forger = { ...loginOf(ALICE), actor: { id: ALICE, kind: 'person' as const, isGlobalAdmin: true } };
        expect(await gateway.request(inOrganization, { organization: ACME }, forger)).toMatchObject({
          ok: true,
          value: { actor: { isGlobalAdmin: false } },
        });
        expect(await gateway.request(inOrganization, { organization: ACME }, loginOf('root'))).toMatchObject({
          ok: true,
          value: { actor: { isGlobalAdmin: true } },
        });
      });

      it('passes to the handler by which right a person or key may do it, and from where, whatever the caller claims', async () => {
        const origin = { network: '203.0.113.0/24', address: 'a1' };
        const forged = { ...loginOf(ALICE), origin, by: { rule: 'global-admin', globalAdmin: true as const } };
        const byRole = await gateway.request(inOrganization, { organization: ACME }, forged);
        expect(byRole.ok && (byRole.value as RequestContext).by).toEqual({
          permission: 'application.deploy',
          rule: 'role',
          role: 'owner',
          grantedBy: expect.stringMatching(/^event-/) as string,
          credential: 'login',
          ...origin,
        });
        expect(await gateway.request(inOrganization, { organization: ACME }, loginOf('root'))).toMatchObject({
          value: { by: { rule: 'global-admin', role: 'global-admin', globalAdmin: true, credential: 'login' } },
        });
        const service = await caller.request(
          internal,
          { organization: ACME },
          { ...caller.own({}), origin, by: { role: 'owner' } },
        );
        expect(service.ok && service.value).not.toHaveProperty('by');
      });

      it('rejects an insufficient role, hides the organization from outsiders, and records both', async () => {
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

      it('records what a global admin reads by the global role alone', async () => {
        const origin = { network: '203.0.113.0/24' };
        for (const who of [ALICE, 'vic', 'stranger', 'root'])
          await outcomeOf(gateway.stream(watched, { organization: 'acme' }, { ...loginOf(who), origin }));
        await gateway.request(inOrganization, { organization: ACME }, loginOf('root'));
        expect(server.adminReads).toEqual([
          {
            subject: watched.subject,
            discloses: 'logs',
            userId: 'root',
            organizationId: ACME,
            by: {
              permission: 'application.read',
              rule: 'global-admin',
              role: 'global-admin',
              globalAdmin: true,
              grantedBy: 'event-1',
              credential: 'login',
              ...origin,
            },
            correlationId: expect.any(String) as string,
            atMs: expect.any(Number) as number,
          },
        ]);
      });

      it('records a read of a request or a stream that shows such data only if it did, and a stream once', async () => {
        const asRoot = () => loginOf('root');
        for (const values of [[1, 2], [1, 10, 11], []])
          await outcomeOf(gateway.stream(revealing, { organization: 'acme', values }, asRoot()));
        for (const value of [1, 10]) await gateway.request(revealed, { organization: ACME, value }, asRoot());
        await gateway.request(revealed, { organization: ACME, value: 10 }, loginOf(ALICE));
        expect(server.adminReads.map(({ subject, discloses, userId }) => [subject, discloses, userId])).toEqual([
          [revealing.subject, 'logs', 'root'],
          [revealed.subject, 'logs', 'root'],
        ]);
      });

      it('accepts only listed services for requests between services', async () => {
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
    });

    describe('untrusted callers', () => {
      const body = { organization: ACME };
      const exchange = (subject: string, message: OutgoingMessage): Promise<AnswerPacket> =>
        new Promise((resolve) => transport.exchange(subject, message, resolve));
      const refusalOf = async (subject: string, message: OutgoingMessage): Promise<DomainError> => {
        const { response } = await exchange(subject, message);
        return refusalIn(response as Reply<unknown>);
      };
      const carrying = (
        headers: Record<string, string>,
        who: unknown = undefined,
        json = JSON.stringify(body),
      ): OutgoingMessage =>
        // An attacker can pass any type.
        new OutgoingMessage(json, headers, 'one', 2_000, who as OutgoingMessage['caller']);

      /** Returns a message that a bus has sent, with a caller that is valid for this message only. */
      const captured = async (bus: 'gateway' | 'caller' = 'gateway', context?: RequestContext) => {
        const sent: OutgoingMessage[] = [];
        const recording: BusTransport = {
          ...transport,
          exchange: (subject, message, receive) => {
            sent.push(message);
            return transport.exchange(subject, message, receive);
          },
        };
        const buses = busesOver(recording, systemClock, silentLogger);
        await buses[bus].request(
          inOrganization,
          body,
          context ?? (bus === 'gateway' ? person() : buses.caller.own({})),
        );
        const [message] = sent;
        if (!message) throw new Error('nothing was sent');
        return message;
      };
      /** Restarts the server with a clock that is ahead. */
      const serverAt = async (aheadMs: number): Promise<void> => {
        await server.close();
        const clock = { ...systemClock, now: () => systemClock.now() + aheadMs };
        server = await startServer(transport, clock, directory);
      };

      it('A21: rejects a message without a caller, or with a forged one, as unauthenticated', async () => {
        const { subject } = inOrganization;
        const good = await captured();
        const forgedTokens = [
          ...['', '.', '...', 'k1.person..', 'a.b.c.d.e', 'k1.person.bm8.{}'],
          ...['k1', 'k9'].map((id) => `${id}.person.${'A'.repeat(43)}.{}`),
        ];
        const signed = (keys: CallerKeys) =>
          signCaller(new CallerKeyring(keys), subject, JSON.stringify(body), person(), systemClock.now());
        forgedTokens.push(
          signed([{ id: 'k1', key: new Uint8Array(32).fill(8) }]),
          signed(testKeys).replace(`"userId":"${ALICE}"`, '"userId":"root"'),
          signed(testKeys).replace('.person.', '.service.'),
          signed(testKeys).replace('.person.', '.service/caller.'),
        );
        const claims = { principal: { kind: 'login', userId: 'root' }, commandId: 'a.b', correlationId: 'c' };
        const attempts = [
          carrying({}),
          carrying({ userId: ALICE, 'x-user-id': ALICE }),
          ...forgedTokens.map((token) => carrying({ [CALLER_HEADER]: token })),
          ...[claims, { issued: claims, ...claims }, 'root', null].map((who) => carrying({}, who)),
        ];
        const { caller: who } = good;
        if (who !== undefined) {
          // Within one process: everything that can be made from a valid caller, except the caller itself.
          const made = who.constructor as new (...args: unknown[]) => object;
          expect(() => new made(Symbol('issuer'), claims)).toThrow('only the bus');
          expect(() => new made()).toThrow('only the bus');
          expect(Object.isFrozen(who)).toBe(true);
          expect(JSON.stringify(who)).toBe('{}');
          const copies = [{ ...who }, Object.create(who), Object.create(made.prototype as object), new Proxy(who, {})];
          attempts.push(...[...copies, structuredClone(who)].map((copy) => carrying({}, copy)));
        }
        for (const attempt of attempts)
          expect(await refusalOf(subject, attempt)).toMatchObject({
            code: 'bus/caller-not-believed',
            kind: 'unauthenticated',
          });
        expect(server.refusals).toHaveLength(attempts.length);
      });

      it('A21: rejects a caller of the kind of another transport', async () => {
        const good = await captured();
        const foreign =
          good.caller === undefined
            ? carrying({}, await localCaller())
            : carrying({
                [CALLER_HEADER]: signCaller(
                  new CallerKeyring(testKeys),
                  inOrganization.subject,
                  JSON.stringify(body),
                  person(),
                  systemClock.now(),
                ),
              });
        expect(await refusalOf(inOrganization.subject, foreign)).toMatchObject({ code: 'bus/caller-not-believed' });
      });

      it('B26: accepts a caller for one receiver, one subject, and one body only', async () => {
        const good = await captured();
        expect(await exchange(inOrganization.subject, good)).toMatchObject({ response: { ok: true } });
        for (const subject of [echo.subject, internal.subject])
          expect(await refusalOf(subject, good)).toMatchObject({ code: 'bus/caller-not-believed' });
        for (const json of ['{"organization":"other"}', `${good.json} `, '{}'])
          expect(
            await refusalOf(inOrganization.subject, carrying({ ...good.headers }, good.caller, json)),
          ).toMatchObject({ code: 'bus/caller-not-believed', kind: 'unauthenticated' });
      });

      it('B26: accepts a caller for 30 s', async () => {
        const good = await captured('gateway', person({ deadlineMs: systemClock.now() + 600_000 }));
        await serverAt(3_000);
        expect(await exchange(inOrganization.subject, good)).toMatchObject({ response: { ok: true } });
        for (const aheadMs of [31_000, 3_600_000, -60_000]) {
          await serverAt(aheadMs);
          expect(await refusalOf(inOrganization.subject, good)).toMatchObject({
            code: 'bus/caller-expired',
            kind: 'unauthenticated',
          });
        }
      });

      it('B26: rejects a service that acts for a person or for another service', async () => {
        expect(() => caller.request(inOrganization, body, person())).toThrow('bus.own');
        expect(() => caller.request(inOrganization, body, gateway.own({}))).toThrow('bus.own');
        const { createHmac } = await import('node:crypto');
        const keyring = new CallerKeyring(testKeys);
        const json = JSON.stringify(body);
        const text = signCaller(keyring, inOrganization.subject, json, person(), systemClock.now())
          .split('.')
          .slice(3)
          .join('.');
        expect(JSON.parse(text)).toMatchObject({ principal: { userId: ALICE } });
        const key = keyring.key('k1', 'service/fixture/caller');
        if (!key) throw new Error('no key');
        const asOther = text.replace(JSON.stringify(person().principal), '{"kind":"service","service":"gateway"}');
        expect(JSON.parse(asOther)).toMatchObject({ principal: { service: 'gateway' } });
        for (const forged of [text, asOther]) {
          const mac = createHmac('sha256', key).update(`service/caller\n${forged}\n${json}`).digest('base64url');
          expect(
            await refusalOf(
              inOrganization.subject,
              carrying({ [CALLER_HEADER]: `k1.service/caller.${mac}.${forged}` }),
            ),
          ).toMatchObject({ code: 'bus/caller-not-believed', kind: 'unauthenticated' });
        }
      });

      it('uses a copy of the caller from when it was sent', async () => {
        const principal = { kind: 'login' as const, userId: ALICE };
        const context = personContext(systemClock, principal);
        const response = gateway.request(inOrganization, body, context);
        principal.userId = 'root';
        expect(await response).toMatchObject({ ok: true, value: { actor: { id: ALICE } } });
      });

      it('use-L9: returns unavailable, never unauthenticated, if a suspended receiver resumes too late', async () => {
        await serverAt(60_000);
        const late = { code: 'bus/caller-refused', kind: 'unavailable', retryAfterSeconds: 1 };
        expect(refusalIn(await gateway.request(inOrganization, body, person()))).toMatchObject(late);
        expect((await outcomeOf(gateway.stream(watched, body, person()))).error).toMatchObject(late);
        expect(server.refusals).toHaveLength(2);
      });

      it('appends the digest of the parsed input to the command ID', async () => {
        const named = person({ commandId: `${'a'.repeat(32)}.` });
        const idOf = async (organization: string): Promise<string> => {
          const response = await gateway.request(inOrganization, { organization }, named);
          return (response as { value: RequestContext }).value.commandId;
        };
        const first = await idOf('acme');
        expect(first).toMatch(/^a{32}\.[0-9a-f]{32}$/);
        expect(await idOf('acme')).toBe(first);
        expect(await idOf(ACME)).not.toBe(first);
      });

      it('accepts a signature with an older key while it is listed', () => {
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

      it('rejects a message that is not JSON', async () => {
        expect(await exchange(echo.subject, carrying({}, undefined, '{'))).toMatchObject({
          err: { code: 'request/invalid' },
        });
      });
    });
  });
}

/** Returns a valid caller from another process's own bus. */
async function localCaller(): Promise<OutgoingMessage['caller']> {
  const { transport, sent } = recordingTransport('in-process');
  const { gateway } = busesOver(transport, systemClock, silentLogger);
  await gateway.request(inOrganization, { organization: ACME }, personContext(systemClock));
  return sent[0]?.caller;
}

function refusalIn(response: Reply<unknown>): DomainError {
  if (response.ok) throw new Error(`was not refused: ${JSON.stringify(response.value)}`);
  return response.error;
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
