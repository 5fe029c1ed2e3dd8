import { connectBus, createBus, RequestGuard, type Bus, type CallerKeys } from '#bus';
import { inProcessTransport } from '#bus/in-process';
import { replayDeploymentsRequest } from '#audit/contract';
import * as contract from '#deployments/contract';
import { silentLogger } from '#kernel';
import { systemClock, systemIds } from '#runtime/system';
import { temporaryFolder } from '#testing';
import type { WorkQueue } from '#work-queue';
import { openEmbeddedWorkQueue } from '#work-queue/embedded';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { image, profile, registration } from './testing/fixtures.ts';
import { openTestPlatform, type TestPlatform } from './testing/test-platform.module.ts';

const folder = temporaryFolder();
const keys: CallerKeys = [{ id: 'k1', key: new Uint8Array(32).fill(7) }];
const org = 'org-1';
let platform: TestPlatform;
let queue: WorkQueue;
let app: INestApplication;
let gateway: Bus;
let served: readonly string[];

beforeAll(async () => {
  queue = await openEmbeddedWorkQueue({ folder, clock: systemClock, ids: systemIds, log: silentLogger });
  platform = await openTestPlatform(
    folder,
    queue,
    {},
    { guard: ({ access }) => new RequestGuard({ keys, clock: systemClock, logger: silentLogger, access }) },
  );
  const transport = inProcessTransport();
  app = await NestFactory.create(platform.root, new FastifyAdapter(), { logger: false });
  served = connectBus(app, transport).map(({ subject }) => subject);
  await app.init();
  await app.startAllMicroservices();
  gateway = createBus({
    transport,
    service: 'gateway',
    keys,
    clock: systemClock,
    ids: systemIds,
    logger: silentLogger,
    actsForPersons: true,
  });
  await platform.found(org, 'acme', { ada: 'owner', grace: 'editor', eve: 'viewer' });
  await platform.found('org-2', 'other', { mallory: 'owner' });
  await platform.engines.commands.run(users, 'user-ada', {}, platform.service('identity'));
  for (const userId of ['grace', 'eve', 'mallory'])
    await platform.engines.commands.run(users, `user-${userId}`, {}, platform.service('identity'));
  await gateway.request(
    contract.registerClusterRequest,
    { org, name: 'dev', manifest: registration('dev') },
    person('ada'),
  );
  await gateway.request(
    contract.applyProfileRequest,
    { org, name: 'staging', manifest: profile('staging') },
    person('ada'),
  );
  expect(
    await gateway.request(
      contract.applyApplicationRequest,
      { org: 'acme', name: 'web', manifest: image('web', '1') },
      person('ada'),
    ),
  ).toMatchObject({
    ok: true,
    value: { outcome: 'created' },
  });
  await platform.settled();
});
afterAll(async () => {
  await app.close();
  await platform.close();
  await queue.close();
});

const users = {
  events: { categories: ['user'], types: { 'user.registered.v1': true } },
  initialState: 0,
  evolve: (count: number) => count + 1,
  decide: () => ({ ok: true, value: [{ type: 'user.registered.v1', data: { globalRole: 'developer' } }] }) as const,
} as const;
const person = (userId: string) => ({
  ...platform.engines.request({ kind: 'login', userId }),
  deadlineMs: systemClock.now() + 10_000,
});

describe('the deployments service behind the bus', () => {
  it('serves all its contracts', () => {
    const own = Object.values(contract).flatMap((value) =>
      typeof value === 'object' &&
      value !== null &&
      'subject' in value &&
      'permission' in value &&
      String(value.subject).startsWith('deployments.')
        ? [String(value.subject)]
        : [],
    );
    expect(served).toEqual([...own, replayDeploymentsRequest.subject].sort());
  });

  it('A4: does not let a viewer write', async () => {
    const events = (await platform.engines.events()).length;
    const asked = [
      gateway.request(
        contract.applyApplicationRequest,
        { org, name: 'web', manifest: image('web', '2') },
        person('eve'),
      ),
      gateway.request(contract.rollbackRequest, { org, name: 'web' }, person('eve')),
      gateway.request(contract.deleteApplicationRequest, { org, name: 'web' }, person('eve')),
      gateway.request(
        contract.applyProfileRequest,
        { org, name: 'staging', manifest: profile('staging') },
        person('eve'),
      ),
      gateway.request(contract.deleteProfileRequest, { org, name: 'staging' }, person('eve')),
      gateway.request(
        contract.registerClusterRequest,
        { org, name: 'dev', manifest: registration('dev') },
        person('eve'),
      ),
      gateway.request(contract.deleteClusterRequest, { org, name: 'dev' }, person('eve')),
      gateway.request(contract.setClusterPolicyRequest, { org, name: 'dev', podSecurity: 'privileged' }, person('eve')),
    ];
    for (const response of await Promise.all(asked))
      expect(response).toMatchObject({ ok: false, error: { kind: 'forbidden' } });
    expect(
      await gateway.request(contract.deleteApplicationRequest, { org, name: 'web' }, person('grace')),
    ).toMatchObject({ ok: false, error: { kind: 'forbidden' } });
    expect(await platform.engines.events()).toHaveLength(events);
  });

  it('A1, A16: returns the same 404 to a non-member, whether something exists or not, for streams too', async () => {
    const mallory = () => person('mallory');
    for (const name of ['web', 'nothing']) {
      for (const response of [
        await gateway.request(contract.getApplicationRequest, { org, name }, mallory()),
        await gateway.request(contract.applicationStatusRequest, { org: 'acme', name }, mallory()),
        await gateway.request(contract.listRevisionsRequest, { org, name }, mallory()),
        await gateway.request(contract.getClusterRequest, { org, name: 'dev' }, mallory()),
        await gateway.request(contract.getProfileRequest, { org, name: 'staging' }, mallory()),
      ]) {
        expect(response).toMatchObject({ ok: false, error: { code: 'organization/not-found', kind: 'not-found' } });
      }
    }
    for (const stream of [
      gateway.stream(contract.applicationEventsRequest, { org, name: 'web' }, mallory()),
      gateway.stream(contract.watchRequest, { org }, mallory()),
    ]) {
      await expect(stream[Symbol.asyncIterator]().next()).rejects.toMatchObject({
        error: { code: 'organization/not-found' },
      });
    }
  });

  it('rejects a user who acts as a worker', async () => {
    const item = { organizationId: org, applicationId: 'a', attemptId: 't', worker: 'w', incarnation: 'i' };
    expect(await gateway.request(contract.claimAttemptRequest, item, person('ada'))).toMatchObject({
      ok: false,
      error: { kind: 'forbidden' },
    });
  });

  it('streams changes as they happen, and rejects a stream of a missing object before its first item', async () => {
    const stop = new AbortController();
    const seen = gateway
      .stream(contract.watchRequest, { org: 'acme', application: 'web' }, person('eve'), stop.signal)
      [Symbol.asyncIterator]();
    const first = seen.next();
    const second = await new Promise((resolve, reject) => {
      const change = async (tag: number): Promise<void> => {
        await gateway.request(
          contract.applyApplicationRequest,
          { org, name: 'web', manifest: image('web', String(tag)) },
          person('ada'),
        );
        const arrived = await Promise.race([
          first.then(() => true),
          new Promise((again) => setImmediate(() => again(false))),
        ]);
        if (!arrived) return change(tag + 1); // the watch may have started after the change
        resolve(await first);
      };
      change(2).catch(reject);
    });
    expect(second).toMatchObject({
      done: false,
      value: { application: 'web', status: 'REQUESTED', position: expect.any(String) },
    });
    stop.abort();
    const missing = gateway
      .stream(contract.applicationEventsRequest, { org, name: 'nothing' }, person('eve'))
      [Symbol.asyncIterator]();
    await expect(missing.next()).rejects.toMatchObject({ error: { code: 'deployments/application-not-found' } });
    const foreign = gateway
      .stream(contract.watchRequest, { org, after: `otherstore.${'0'.repeat(20)}` }, person('eve'))
      [Symbol.asyncIterator]();
    await expect(foreign.next()).rejects.toMatchObject({ error: { code: 'position/other-store' } });
  });
});
