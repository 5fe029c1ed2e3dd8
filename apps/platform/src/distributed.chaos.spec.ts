import { jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { DEFAULT_CATALOGUE } from '#billing/contract';
import { silentLogger } from '#kernel';
import { openMongo } from '#mongo';
import { openEventStore, readConfiguration } from '#runtime';
import { systemClock as clock, systemIds as ids } from '#runtime/system';
import {
  call,
  databaseAt,
  eventually,
  mongoEnvironment,
  natsServerProgram,
  SERVICES,
  startNatsServer,
  startServices,
  temporaryFolder,
  type InstanceName,
  type NatsServer,
  type RunningServices,
} from '#testing';
import { runChecker } from '#testing/checker';
import { startEventStoreProcess, type EventStoreProcess } from '#testing/eventstore';
import { z } from 'zod';
import {
  acceptedAfterRevocation,
  expectLinearizableKey,
  expectLinearizableMembership,
  readsAfterRemoval,
} from './concurrent-clients.fixture.ts';
import { startIssuer, type TestIssuer } from './issuer.fixture.ts';
import { startLoad, type Load } from './load.fixture.ts';
import { startPacedReader, type Acknowledged } from './paced-reader.fixture.ts';
import { rebuildProjections } from './rebuild.fixture.ts';

/**
 * Injects faults into the distributed profile under load: two replicas of each service, with their own nats-server,
 * MongoDB, and the stand-in for EventStoreDB in a separate process. After each test, a separate process compares the read
 * models with the log, and the log with the acknowledged commands.
 */
const mongo = process.env['ASTRO_TEST_MONGO_URL'];
/** Requests to send while an engine is unavailable. Increase for a longer run. */
const TRIED = Number(process.env['ASTRO_TEST_REQUESTS'] ?? 20);
/** Commands to acknowledge between two faults. */
const STEP = 20;
/** Rebuilds of each projection, and responses to the reader during them. Increase for a longer run. */
const REBUILDS = Number(process.env['ASTRO_TEST_REBUILDS'] ?? 2);
const READS = Number(process.env['ASTRO_TEST_READS'] ?? 1_000);

jest.setTimeout(240_000);

if (!mongo) skipped('ASTRO_TEST_MONGO_URL is not set');
else if (natsServerProgram() === undefined) skipped('npm run engines has built no nats-server');
else describe('the distributed profile, two replicas of each service', () => distributed(mongo));

function skipped(reason: string): void {
  describe.skip(`the distributed profile under faults: ${reason}`, () => it('was not tested', () => {}));
}

const readiness = z.looseObject({
  dependencies: z.array(z.looseObject({ name: z.string(), ok: z.boolean() })),
});
const described = z.looseObject({ description: z.string() });
const loggedIn = z.looseObject({
  userId: z.string(),
  organization: z.looseObject({ id: z.string() }),
  key: z.looseObject({ id: z.string(), secret: z.string() }),
});
/** Histories of concurrent clients to check. Increase for a longer run. */
const HISTORIES = Number(process.env['ASTRO_TEST_HISTORIES'] ?? 3);

/** Without the sandbox service, which locks its files. */
const REPLICATED = SERVICES.filter((service) => service !== 'sandbox-cluster');
const second = (service: (typeof REPLICATED)[number]): InstanceName => `${service}-2`;

function distributed(mongo: string): void {
  const folder = temporaryFolder();
  const dataDir = temporaryFolder();
  const notes = join(folder, 'notes.jsonl');
  const readModels = databaseAt(mongo, `astro-read-${randomUUID()}`);
  /** The current nats-server of the services. */
  let nats: NatsServer | undefined;
  let eventStore: EventStoreProcess;
  let issuer: TestIssuer;
  let environment: Record<string, string>;
  let services: RunningServices;
  let organizationId: string;
  let key: string;
  const loads: Load[] = [];
  /** Undo functions of the current test, for a test that fails. */
  const restores: (() => unknown)[] = [];

  const login = async (person: string) => {
    const credential = issuer.token(issuer.claims(person));
    const answer = await eventually(async () => {
      const made = await call(services.url, 'POST /v1/login', { credential, body: { machine: 'test' } });
      if (made.status >= 300) throw new Error(`the login was answered ${made.status}: ${made.text}`);
      return made;
    }, 60_000);
    return loggedIn.parse(answer.body);
  };
  const gateways = () => [services.urlOf('gateway'), services.urlOf('gateway-2')];
  const load = (): Load => {
    const started = startLoad({ url: services.url, organizationId, credential: key, notes });
    loads.push(started);
    return started;
  };
  /** Waits until this many more commands were acknowledged. */
  const goesOn = async (running: Load, more = STEP): Promise<void> => {
    const before = running.acknowledged();
    await eventually(() => {
      if (running.acknowledged() < before + more)
        throw new Error(
          `${running.acknowledged() - before} of ${more} commands were acknowledged; refused: ${last(running)}`,
        );
    }, 60_000);
  };
  const last = (running: Load) => running.failures().slice(-5).join(', ');
  /** Returns whether a process reports that it is ready, and that one of its engines is. */
  const seenBy = async (instance: InstanceName, engine: string) => {
    const { status, body } = await call(services.urlOf(instance), 'GET /readyz');
    return { status, ok: readiness.parse(body).dependencies.find(({ name }) => name === engine)?.ok };
  };
  const put = (name: string, description: string) =>
    call(services.url, `PUT /v1/organizations/${organizationId}/profiles/${name}`, {
      credential: key,
      body: { profileName: name, clusterName: 'sandbox', description },
    });
  /** Returns the events in the log whose data contains a text. */
  const eventsWith = async (text: string): Promise<number> => {
    const read = readConfiguration(environment);
    if (!read.ok) throw new Error(read.error.join('\n'));
    const { configuration } = read.value;
    const log = await openEventStore({ configuration, folder: dataDir, clock, ids, log: silentLogger });
    let count = 0;
    for await (const { data } of log.readAll()) if (JSON.stringify(data).includes(text)) count += 1;
    await log.close();
    return count;
  };

  /**
   * Stops the nats-server.
   *
   * @returns a function that restarts it with the same port and the same streams
   */
  const stopNats = async (): Promise<() => Promise<void>> => {
    if (!nats) throw new Error('there is no nats-server');
    const options = { folder: join(dataDir, 'nats'), config: nats.config(), port: Number(new URL(nats.url).port) };
    await nats.kill();
    let starting: Promise<NatsServer> | undefined;
    const start = async () => void (nats = await (starting ??= startNatsServer(options)));
    restores.push(start);
    return start;
  };

  beforeAll(async () => {
    [eventStore, issuer] = await Promise.all([startEventStoreProcess(folder), startIssuer()]);
    const plans = DEFAULT_CATALOGUE.plans.map((plan) => ({
      ...plan,
      limits: { ...plan.limits, requestsPerMinute: 1_000_000, profiles: 1_000, activeKeys: 1_000 },
    }));
    const plansFile = join(folder, 'plans.json');
    writeFileSync(plansFile, JSON.stringify({ ...DEFAULT_CATALOGUE, plans }));
    environment = {
      ...issuer.environment,
      ...mongoEnvironment(mongo),
      ASTRO_READ_STORE: readModels,
      ASTRO_EVENT_STORE: eventStore.url,
      ASTRO_PLANS_FILE: plansFile,
    };
    const replicas = Object.fromEntries(REPLICATED.map((service) => [service, 2]));
    services = await startServices({ dataDir, port: 0, environment, replicas });
    ({ nats } = services);
    const ada = await login('ada');
    organizationId = ada.organization.id;
    key = ada.key.secret;
  });
  afterEach(async () => {
    for (const restore of restores.splice(0)) await restore();
    for (const running of loads.splice(0)) await running.stop();
    await runChecker({ ...environment, ASTRO_DATA_DIR: dataDir }, notes);
  });
  afterAll(async () => {
    await services?.kill();
    await eventStore?.kill();
    await nats?.kill();
    await issuer?.close();
  });

  // First, while the log is short: each rebuild reads all of it.
  it('F34: fail no read, and return nothing older than its position, while read models are rebuilt and switched', async () => {
    const name = 'load-0'; // one that the other tests have too, since the plan limits the number of profiles
    const profile = `/v1/organizations/${organizationId}/profiles/${name}`;
    let last: Acknowledged = { number: 0, position: '' };
    let isOver = false;
    /** Writes the next number, again until it is acknowledged: this test is about reads. */
    const change = async () => {
      const number = last.number + 1;
      for (; last.number < number && !isOver; await pause(20)) {
        const answer = await put(name, String(number)).catch(() => undefined);
        if (answer && answer.status < 300) last = { number, position: answer.headers.get('consistency') ?? '' };
      }
    };
    await change();
    const others = ['members', 'access-keys', 'subscription'].map(
      (name) => `/v1/organizations/${organizationId}/${name}`,
    );
    const reader = startPacedReader({
      url: services.url,
      credential: key,
      paths: [profile, ...others.flatMap((path) => [path, profile])],
      perSecond: 100,
      last: () => last,
      numberIn: (path, body) => (path === profile ? Number(described.parse(body).description) : undefined),
    });
    const writing = (async () => {
      while (!isOver) await change();
    })();
    restores.push(() => {
      isOver = true;
      return Promise.all([reader.stop(), writing]);
    });
    const over = new AbortController();
    restores.push(() => over.abort());
    await rebuildProjections(environment, { folder: dataDir, times: REBUILDS, signal: over.signal });
    await eventually(() => expect(reader.responses()).toBeGreaterThan(READS), 60_000);
    isOver = true;
    await writing;
    await reader.stop();
    expect(reader.faults()).toEqual([]);
  }, 600_000);

  it('F15: fail no request when one replica of each service gets SIGTERM', async () => {
    const running = load();
    for (const instanceOf of [(service: (typeof REPLICATED)[number]): InstanceName => service, second]) {
      await goesOn(running);
      const before = running.failures().length; // starting processes compete with the others for CPU time
      const stopped = new Set<(typeof REPLICATED)[number]>();
      const restart = async () => {
        const again = [...stopped];
        stopped.clear();
        await Promise.all(again.map((service) => services.start(instanceOf(service))));
      };
      restores.push(restart);
      for (const service of REPLICATED) {
        stopped.add(service);
        expect([service, await services.processes.get(instanceOf(service))?.stop()]).toEqual([service, 0]);
        await goesOn(running);
      }
      expect(running.failures().slice(before)).toEqual([]);
      await restart();
    }
    await goesOn(running);
  });

  it('F1: return 503 with Retry-After and append nothing while NATS is stopped, and continue afterwards', async () => {
    const running = load();
    await goesOn(running);
    const startNats = await stopNats();
    const marker = `refused-${randomUUID()}`;
    for (let n = 0; n < TRIED; n += 1) {
      const answer = await put(`away-${n}`, `${marker}-${n}`);
      expect([answer.status, Number(answer.headers.get('retry-after')) > 0]).toEqual([503, true]);
    }
    for (const service of SERVICES)
      await eventually(async () => expect(await seenBy(service, 'bus')).toEqual({ status: 503, ok: false }));
    expect(await eventsWith(marker)).toBe(0);
    await startNats();
    await goesOn(running);
    for (const service of SERVICES)
      await eventually(async () => expect(await seenBy(service, 'bus')).toEqual({ status: 200, ok: true }));
  });

  it('F3: stay alive, report that they are not ready, and acknowledge nothing while the log is suspended', async () => {
    const running = load();
    await goesOn(running);
    eventStore.freeze();
    restores.push(() => eventStore.thaw());
    const withLog = SERVICES.filter((service) => service !== 'deploy-worker' && service !== 'sandbox-cluster');
    for (const service of withLog) {
      await eventually(async () => expect(await seenBy(service, 'event store')).toEqual({ status: 503, ok: false }));
      expect((await call(services.urlOf(service), 'GET /livez')).status).toBe(200);
    }
    const acknowledged = running.acknowledged();
    const refused = await put('frozen', `frozen-${randomUUID()}`);
    expect([refused.status, Number(refused.headers.get('retry-after')) > 0]).toEqual([503, true]);
    expect(running.acknowledged()).toBe(acknowledged);
    eventStore.thaw();
    await goesOn(running);
    for (const service of withLog)
      await eventually(async () => expect(await seenBy(service, 'event store')).toEqual({ status: 200, ok: true }));
  });

  it('F3: lose nothing that was acknowledged and do nothing twice when the log is killed and restarted', async () => {
    const running = load();
    for (let kill = 0; kill < 2; kill += 1) {
      await goesOn(running);
      await eventStore.kill();
      await eventually(async () => expect(await seenBy('gateway', 'event store')).toMatchObject({ ok: false }));
      await eventStore.start();
    }
    await goesOn(running);
  });

  it('F7: rebuild the read models when their database is dropped', async () => {
    const running = load();
    await goesOn(running);
    const { connection, close } = await openMongo({
      url: readModels,
      setting: 'ASTRO_TEST_MONGO_URL',
      clock,
      log: silentLogger,
      errorOf: ({ sentence, cause }) => new Error(sentence, { cause }),
    });
    await connection.dropDatabase();
    await close();
    await goesOn(running);
  });

  it.each(['SIGKILL', 'SIGSTOP'] as const)(
    'F27: let another replica take over after %s of the leader, and ignore late writes of the former leader',
    async (signal) => {
      const running = load();
      await goesOn(running);
      const gone = ['deployments', 'organizations', 'access-keys', 'billing', 'identity'] as const;
      for (const service of gone) services.processes.get(service)?.signal(signal);
      restores.push(() => services.processes.forEach((app) => app.signal('SIGCONT')));
      const written = await eventually(async () => {
        const answer = await put('led', `led-${signal}`);
        if (answer.status >= 300) throw new Error(`the change was answered ${answer.status}: ${answer.text}`);
        return answer.headers.get('consistency') ?? '';
      }, 60_000);
      await eventually(async () => {
        const seen = await call(services.url, `GET /v1/organizations/${organizationId}/profiles`, {
          credential: key,
          headers: { consistency: written },
        });
        expect([seen.status, seen.text.includes(`led-${signal}`)]).toEqual([200, true]);
      }, 60_000);
      if (signal === 'SIGSTOP') for (const service of gone) services.processes.get(service)?.signal('SIGCONT');
      else await Promise.all(gone.map((service) => services.start(service)));
      await goesOn(running);
    },
  );

  it('B10: accept no request with a revoked key after its revocation was acknowledged, at any gateway', async () => {
    const { organization, key: revoked } = await login('grace');
    const target = { urls: gateways(), organizationId: organization.id, credential: revoked.secret };
    expect(await acceptedAfterRevocation(target, revoked.id)).toEqual([]);
  });

  it('B19: answer concurrent rotations and revocations of a key at two gateways as one after the other', async () => {
    const { organization } = await login('grace');
    const credential = issuer.token(issuer.claims('grace'));
    for (let history = 0; history < HISTORIES; history += 1)
      await expectLinearizableKey({ urls: gateways(), organizationId: organization.id, credential });
  });

  it('B11: answer concurrent changes of a membership at two gateways as one after the other', async () => {
    const { userId } = await login('linus');
    for (let history = 0; history < HISTORIES; history += 1)
      await expectLinearizableMembership({ urls: gateways(), organizationId, credential: key }, userId);
  });

  it('B11: let a removed member read nothing after the removal was acknowledged, at any gateway', async () => {
    const { userId } = await login('linus');
    const member = { userId, credential: issuer.token(issuer.claims('linus')) };
    expect(await readsAfterRemoval({ urls: gateways(), organizationId, credential: key }, member)).toEqual([]);
  });

  it('B24: never use permissions from before a suspension, neither for waiting requests nor for new ones', async () => {
    const { organization, key: revoked } = await login('linus');
    const { secret: credential } = revoked;
    const ask = () => call(services.urlOf('gateway-2'), 'GET /v1/me', { credential });
    expect((await ask()).status).toBe(200);
    const frozen = services.processes.get('gateway-2');
    frozen?.signal('SIGSTOP');
    restores.push(() => frozen?.signal('SIGCONT'));
    const waiting = Array.from({ length: TRIED }, ask);
    const path = `DELETE /v1/organizations/${organization.id}/access-keys/${revoked.id}`;
    expect((await call(services.urlOf('gateway'), path, { credential })).status).toBe(200);
    frozen?.signal('SIGCONT');
    for (const { status } of await Promise.all(waiting)) expect([401, 503]).toContain(status);
    await eventually(async () => expect((await ask()).status).toBe(401));
  });
}
