import { Directory, SERVICES_ONLY } from '#access';
import {
  callerKeyNames,
  CallerKeyring,
  createBus,
  deriveCallerKeys,
  parseCallerKeys,
  RequestGuard,
  type OutgoingMessage,
} from '#bus';
import { EDGE, isCalledBy, receiverOf, type Contract, type RequestContract } from '#bus/contract';
import { recordingTransport } from '#bus/contract-suite';
import { silentLogger } from '#kernel';
import { natsPermissions } from '#nats';
import { systemClock as clock, systemIds as ids } from '#runtime/system';
import { SERVICES as PROCESSES } from '#testing';
import { everyContract } from '#testing/contracts';
import { z } from 'zod';
import { CONTRACTS, QUEUES, SERVICES } from './platform.ts';

const masters = parseCallerKeys(`k1:${Buffer.alloc(32, 4).toString('base64')}`);

/** Returns the keys that `npm run admin:caller-keys` prints for a service. */
function keysOf(service: string) {
  if (!masters.ok) throw new Error(masters.error.detail);
  const text = deriveCallerKeys(masters.value, service, callerKeyNames(service, CONTRACTS));
  const keys = text.ok ? parseCallerKeys(text.value) : text;
  if (!keys.ok) throw new Error(keys.error.detail);
  return keys.value;
}

describe('keys and permissions of the services', () => {
  it('are derived from all contracts and queues in the sources, for all processes', async () => {
    const sources = (await everyContract()).map(({ contract }) => contract.subject);
    expect(CONTRACTS.map(({ subject }) => subject).toSorted()).toEqual(sources.toSorted());
    expect(QUEUES.map(({ subject }) => subject)).toEqual(['deployments.v1.work.rollout']);
    expect(SERVICES).toEqual([...PROCESSES].toSorted());
  });

  it('are limited to the keys shared with deployments and the gateway for the deploy worker', () => {
    expect(callerKeyNames('deploy-worker', CONTRACTS)).toEqual([
      'service/deploy-worker/deployments',
      'service/deploy-worker/gateway',
      'service/deployments/deploy-worker',
    ]);
  });

  it('include keys of persons only for the edge and for services with routes, and the cursor key only for the edge', () => {
    for (const service of SERVICES) {
      const persons = callerKeyNames(service, CONTRACTS).filter((name) => name.startsWith('person/'));
      const routed = CONTRACTS.filter(({ route }) => route !== undefined).map(({ subject }) => receiverOf(subject));
      const expected = service === EDGE ? [...new Set(routed)] : routed.includes(service) ? [service] : [];
      expect(persons).toEqual(expected.map((receiver) => `person/${receiver}`).toSorted());
      expect(callerKeyNames(service, CONTRACTS).includes('cursor')).toBe(service === EDGE);
    }
  });

  it('do not permit a service to subscribe to subjects or inboxes of another', () => {
    for (const service of SERVICES)
      for (const subject of natsPermissions(service, CONTRACTS, QUEUES).subscribe)
        expect([service, subject]).toEqual([service, expect.stringMatching(ownSubjects(service))]);
  });
});

/** Returns the contract without its organization, which the input of the test does not contain. */
function withoutOrganization({ organizationOf: _, ...contract }: Contract): Contract {
  return contract;
}

const ownSubjects = (service: string): RegExp =>
  new RegExp(
    `^(${service}\\..+|_INBOX\\.${service}\\.>|_CALL\\.${service}\\.\\*\\.\\*|_STREAM\\.[a-z-]+\\.${service}\\.\\*)$`,
  );

describe('A28: a service that a contract does not list', () => {
  const unlisted = CONTRACTS.flatMap((contract) =>
    SERVICES.filter((service) => contract.callers?.includes(service) !== true).map(
      (service) => [service, contract] as const,
    ),
  );
  const guards = new Map(
    SERVICES.map((service) => {
      const access = { current: () => Promise.resolve({ ok: true as const, value: new Directory() }) };
      return [service, new RequestGuard({ keys: keysOf(service), clock, logger: silentLogger, access })];
    }),
  );
  const rings = new Map(SERVICES.map((service) => [service, keysOf(service)]));
  const refusalOf = async (contract: Contract, message: OutgoingMessage): Promise<string | undefined> => {
    const guard = guards.get(receiverOf(contract.subject));
    const caller = { kind: 'signed', token: message.headers['astro-caller'] } as const;
    const anyInput: Contract = { ...withoutOrganization(contract), input: z.unknown() };
    const outcome = await guard?.authorize(anyInput, { caller, json: message.json }, JSON.parse(message.json));
    return outcome?.ok === false ? outcome.error.code : undefined;
  };
  const send = async (
    service: string,
    contract: Contract,
    keys = rings.get(service),
  ): Promise<readonly OutgoingMessage[]> => {
    const { transport, sent } = recordingTransport('nats');
    const bus = createBus({ transport, service, keys: keys ?? keysOf(service), clock, ids, logger: silentLogger });
    await bus.request({ ...contract, kind: 'request' } as RequestContract, {}, bus.own({ commandId: 'a.b' }));
    return sent;
  };

  it('does not have the key, unless it can send another request to the receiver, which then rejects this one', async () => {
    for (const [service, contract] of unlisted) {
      const [message] = await send(service, contract);
      const sharesAKey = CONTRACTS.some(
        ({ subject, callers }) =>
          receiverOf(subject) === receiverOf(contract.subject) && callers?.includes(service) === true,
      );
      expect([service, contract.subject, message !== undefined]).toEqual([service, contract.subject, sharesAKey]);
      // Public requests are accepted from every service.
      if (message && contract.permission !== 'PUBLIC')
        expect(await refusalOf(contract, message)).toBe('bus/caller-not-listed');
    }
  });

  it('is rejected if it signs with another master key', async () => {
    const other = parseCallerKeys(`k1:${Buffer.alloc(32, 5).toString('base64')}`);
    if (!other.ok) throw new Error('no keys');
    for (const contract of CONTRACTS.filter(({ permission }) => permission === SERVICES_ONLY)) {
      const [caller = ''] = contract.callers ?? [];
      const [good] = await send(caller, contract);
      const [forged] = await send(caller, contract, other.value);
      if (!good || !forged) throw new Error('nothing was sent');
      expect(await refusalOf(contract, good)).toBeUndefined();
      expect(await refusalOf(contract, forged)).toBe('bus/caller-not-believed');
    }
  });

  it('has no NATS permission for the request, unless it is the edge and the request has a route', () => {
    for (const service of SERVICES) {
      const permitted = natsPermissions(service, CONTRACTS, QUEUES).publish;
      for (const contract of CONTRACTS)
        expect([service, contract.subject, permitted.includes(contract.subject)]).toEqual([
          service,
          contract.subject,
          isCalledBy(contract, service),
        ]);
      const wild = permitted.filter((subject) => /[*>]/.test(subject));
      expect(
        wild.filter(
          (subject) => !/^(_CALL\.[a-z-]+\.\*\.\*|_STREAM\.[a-z-]+\.[a-z-]+\.\*|\$JS\.ACK\..+)$/.test(subject),
        ),
      ).toEqual([]);
    }
  });

  it('does not have any key of another service', () => {
    const names = new Map(SERVICES.map((service) => [service, callerKeyNames(service, CONTRACTS)]));
    for (const [service, own] of names) {
      const ring = new CallerKeyring(rings.get(service) ?? keysOf(service));
      for (const name of [...names.values()].flat())
        expect([service, name, ring.key('k1', name) !== undefined]).toEqual([service, name, own.includes(name)]);
    }
  });
});
