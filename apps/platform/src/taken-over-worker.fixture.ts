import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { actorOf, type Principal } from '#access';
import { CALLER_HEADER, CallerKeyring, parseCallerKeys, signCaller } from '#bus';
import { receiverOf, type RequestContext } from '#bus/contract';
import { claimAttemptRequest } from '#deployments/contract';
import { silentLogger } from '#kernel';
import { openVault, readConfiguration } from '#runtime';
import { systemClock as clock, systemIds as ids } from '#runtime/system';
import { call, eventually, SERVICES, type RunningServices } from '#testing';
import { everyContract } from '#testing/contracts';
import { natsUser, type NatsUserClient } from '#testing/nats';
import { z } from 'zod';

interface Running {
  readonly services: RunningServices;
  /** Data folder of the services with stores. */
  readonly folder: string;
}

const readiness = z.looseObject({ dependencies: z.array(z.looseObject({ name: z.string() })) });
const code = z.looseObject({ code: z.string() });
const answer = z.looseObject({
  err: code.optional(),
  response: z.looseObject({ error: code.optional() }).optional(),
});

/** Attacks of somebody who has the variables, the files, and the network access of the deploy worker. */
export function takenOver(running: () => Running): void {
  let environment: Readonly<Record<string, string>>;
  let ring: CallerKeyring;
  let nats: NatsUserClient;

  beforeAll(async () => {
    environment = running().services.environmentOf('deploy-worker');
    const keys = parseCallerKeys(environment['ASTRO_CALLER_KEYS'] ?? '');
    if (!keys.ok) throw new Error(keys.error.detail);
    ring = new CallerKeyring(keys.value);
    nats = await natsUser('deploy-worker', environment);
  });
  afterAll(() => nats.close());

  const contextOf = (principal: Principal): RequestContext => ({
    principal,
    actor: actorOf(principal, false),
    commandId: 'a.b',
    correlationId: 'c',
    deadlineMs: clock.now() + 5_000,
  });
  const person: Principal = { kind: 'login', userId: 'user-root' };
  /** Returns the error code of the reply, or the text of the error of NATS. */
  const send = async (subject: string, token: string): Promise<unknown> => {
    const outcome = await nats.request(subject, '{}', { [CALLER_HEADER]: token });
    if (typeof outcome === 'string') return outcome;
    const { err, response } = answer.parse(outcome);
    return (err ?? response?.error)?.code;
  };

  it('can send its own requests', async () => {
    const token = signCaller(
      ring,
      claimAttemptRequest.subject,
      '{}',
      contextOf({ kind: 'service', service: 'deploy-worker' }),
      clock.now(),
    );
    expect(await send(claimAttemptRequest.subject, token)).toBe('request/invalid');
  });

  it('cannot sign on behalf of a person or another service, for any receiver', async () => {
    for (const receiver of SERVICES) {
      const subject = `${receiver}.v1.x`;
      const others = SERVICES.filter((service) => service !== 'deploy-worker');
      for (const principal of [person, ...others.map((service) => ({ kind: 'service' as const, service }))]) {
        // It has the keys with which these sign requests to itself.
        const callsIt = 'service' in principal && ['deployments', 'gateway'].includes(principal.service);
        if (receiver === 'deploy-worker' && callsIt) continue;
        expect(() => signCaller(ring, subject, '{}', contextOf(principal), clock.now())).toThrow(
          'does not have the caller key',
        );
      }
    }
  });

  it('is rejected if its token contains a person or another service', async () => {
    const { subject } = claimAttemptRequest;
    const own = contextOf({ kind: 'service', service: 'deploy-worker' });
    const token = signCaller(ring, subject, '{}', own, clock.now());
    for (const principal of [person, { kind: 'service', service: 'billing' }]) {
      const forged = token.replace(JSON.stringify(own.principal), JSON.stringify(principal));
      expect(forged).not.toBe(token);
      expect(await send(subject, forged)).toBe('bus/caller-not-believed');
      for (const kind of ['person', 'service/billing'])
        expect(await send(subject, forged.replace('service/deploy-worker', kind))).toBe('bus/caller-not-believed');
    }
  });

  it('cannot send requests of other services, and cannot configure streams', async () => {
    for (const { contract } of await everyContract()) {
      if (contract.callers?.includes('deploy-worker')) continue;
      expect(await send(contract.subject, '')).toContain(`Permissions Violation for Publish to "${contract.subject}"`);
    }
    const stream = 'WORK_deployments_v1_work_rollout';
    for (const subject of [
      `$JS.API.STREAM.CREATE.${stream}`,
      `$JS.API.STREAM.UPDATE.${stream}`,
      `$JS.API.STREAM.DELETE.${stream}`,
      `$JS.API.CONSUMER.CREATE.${stream}.worker`,
      '$JS.API.STREAM.CREATE.MINE',
      '_INBOX.gateway.x',
      '_STREAM.deployments.gateway.x',
      '_CALL.deployments.cancel.x',
    ])
      expect(await send(subject, '')).toContain('Permissions Violation for Publish');
  });

  it('cannot serve the requests of another service, and cannot read its messages or inboxes', async () => {
    for (const { contract } of await everyContract()) {
      const isOwn = receiverOf(contract.subject) === 'deploy-worker';
      for (const queue of [undefined, 'astro'])
        expect([contract.subject, await nats.subscribe(contract.subject, queue)]).toEqual([
          contract.subject,
          isOwn ? 'subscribed' : expect.stringContaining('Permissions Violation for Subscription'),
        ]);
    }
    for (const subject of [
      '>',
      '*.>',
      'deployments.>',
      '_INBOX.>',
      '$JS.>',
      '_CALL.>',
      ...SERVICES.filter((service) => service !== 'deploy-worker').flatMap((service) => [
        `_INBOX.${service}.>`,
        `_CALL.${service}.*.*`,
        `_STREAM.deployments.${service}.*`,
      ]),
    ])
      expect(await nats.subscribe(subject)).toContain('Permissions Violation for Subscription');
  });

  it('has no stores and no sealing key, and cannot decrypt the files of the vault', async () => {
    const { services, folder } = running();
    for (const name of ['ASTRO_SEALING_KEYS', 'ASTRO_VAULT', 'ASTRO_EVENT_STORE', 'ASTRO_READ_STORE'])
      expect(environment).not.toHaveProperty(name);
    const { dependencies } = readiness.parse((await call(services.urlOf('deploy-worker'), 'GET /readyz')).body);
    expect(dependencies.map(({ name }) => name)).toEqual(['service', 'work queue', 'bus']);
    const own = environment['ASTRO_DATA_DIR'] ?? '';
    const stores = readdirSync(own).filter((name) => name !== 'programs'); // helm and kustomize
    expect(stores.toSorted()).toEqual(['deploy-worker-1.lock', 'deploy-worker-1.log']);

    // Each of its own secrets replaces the sealing key.
    const [sealingKeyId] = readFileSync(join(folder, 'sealing-keys'), 'utf8').split(':');
    const secrets = (environment['ASTRO_CALLER_KEYS'] ?? '').split(',').map((entry) => entry.split(':')[1]);
    expect(secrets).toHaveLength(4);
    for (const secret of secrets) {
      const guess = { ASTRO_DATA_DIR: folder, ASTRO_SEALING_KEYS: `${sealingKeyId}:${secret}` };
      const read = readConfiguration({ ...environment, ...guess });
      if (!read.ok) throw new Error(read.error.join('\n'));
      const { configuration } = read.value;
      await expect(openVault({ configuration, folder, clock, ids, log: silentLogger })).rejects.toThrow(/sealing key/);
    }
  });

  it('is disconnected if its user is removed from the server, and no other service is', async () => {
    const { nats: server } = running().services;
    if (!server) throw new Error('no server was started');
    const text = server.config();
    const without = text.replace(/ {4}# deploy-worker: [\s\S]*?\n {4}\}\n/, '');
    expect(without).not.toBe(text);
    await server.reload(without);
    await eventually(async () => {
      expect(await call(running().services.urlOf('deploy-worker'), 'GET /readyz')).toMatchObject({ status: 503 });
    });
    expect(await call(running().services.url, 'GET /readyz')).toMatchObject({ status: 200 });
    await server.reload(text);
    await eventually(async () => {
      expect(await call(running().services.urlOf('deploy-worker'), 'GET /readyz')).toMatchObject({ status: 200 });
    });
  });
}
