import { randomUUID } from 'node:crypto';
import { actorOf, Directory, PUBLIC, SERVICES_ONLY, type DirectoryFact, type Principal } from '#access';
import {
  Caller,
  Cancelled,
  connectBus,
  createBus,
  Input,
  refuse,
  DomainErrorException,
  reply,
  RequestGuard,
  Serves,
  BusModule,
  type Bus,
  type BusTransport,
  type CallerKeys,
  type OutgoingMessage,
  type RequestGuardOptions,
  type OrganizationContext,
  type Refusal,
  type Reply,
  type RequestContext,
} from '#bus';
import { request, stream, type AdminRead, type Contract, type InputOf } from '#bus/contract';
import { domainError, position, UnavailableError, type Clock, type Logger } from '#kernel';
import { systemIds as randomIds } from '#runtime/system';
import { Controller, Module, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { from } from 'rxjs';
import { z } from 'zod';

export const ALICE = 'user-alice';
export const ACME = '0193f2a4-11de-7a90-b6c7-2f8f0b6d9c02';

export const testKeys: CallerKeys = [{ id: 'k1', key: new Uint8Array(32).fill(7) }];

/** Returns a directory of these events. */
export function directoryOf(...facts: readonly (readonly [stream: string, fact: DirectoryFact])[]): Directory {
  const directory = new Directory();
  facts.forEach(([name, event], index) =>
    directory.apply({
      event,
      metadata: {
        id: `event-${index}`,
        stream: name,
        revision: index,
        position: position('teststore', index + 1),
        recordedAt: '2026-01-01T00:00:00.000Z',
        actor: 'system:test',
        commandId: 'c',
        correlationId: 'c',
        causationId: 'c',
      },
    }),
  );
  return directory;
}

const echo = request({
  subject: 'fixture.v1.echo',
  permission: PUBLIC,
  input: z.object({ text: z.string(), nested: z.object({ n: z.number() }).optional() }),
  output: z.object({ text: z.string() }),
  timeoutMs: 5_000,
});
const act = request({
  subject: 'fixture.v1.act',
  permission: PUBLIC,
  input: z.object({ how: z.enum(['refuse', 'throw', 'undefined', 'never', 'date', 'disk-full']) }),
  output: z.unknown(),
  timeoutMs: 300,
});
const mismatched = request({
  subject: 'fixture.v1.mismatched',
  permission: PUBLIC,
  input: z.object({}),
  output: z.object({ items: z.array(z.object({ n: z.number() })) }),
  timeoutMs: 5_000,
});
const slow = request({
  subject: 'fixture.v1.slow',
  permission: PUBLIC,
  input: z.object({}),
  output: z.string(),
  timeoutMs: 5_000,
});
const large = request({
  subject: 'fixture.v1.large',
  permission: PUBLIC,
  input: z.object({ bytes: z.number() }),
  output: z.string(),
  timeoutMs: 5_000,
});
const inOrganization = request({
  subject: 'fixture.v1.in-organization',
  permission: 'application.deploy',
  input: z.object({ organization: z.string() }),
  output: z.unknown(),
  organizationOf: (input) => input.organization,
  timeoutMs: 5_000,
});
const internal = request({
  subject: 'fixture.v1.internal',
  permission: SERVICES_ONLY,
  callers: ['caller'],
  input: z.object({ organization: z.string() }),
  output: z.unknown(),
  organizationOf: (input) => input.organization,
  timeoutMs: 5_000,
});
const unserved = request({
  subject: 'fixture.v1.unserved',
  permission: PUBLIC,
  input: z.object({}),
  output: z.null(),
  timeoutMs: 5_000,
});
const count = stream({
  subject: 'fixture.v1.count',
  permission: PUBLIC,
  input: z.object({
    to: z.number(),
    fault: z.enum(['refuse', 'throw', 'large', 'undeclared']).optional(),
    through: z.enum(['iterable', 'observable']).default('iterable'),
  }),
  output: z.object({ n: z.number(), text: z.string().optional() }),
  timeoutMs: 5_000,
});
const forever = stream({
  subject: 'fixture.v1.forever',
  permission: PUBLIC,
  input: z.object({}),
  output: z.object({ n: z.number() }),
  timeoutMs: 5_000,
});
const silent = stream({
  subject: 'fixture.v1.silent',
  permission: PUBLIC,
  input: z.object({}),
  output: z.object({ n: z.number() }),
  timeoutMs: 5_000,
});
const watched = stream({
  subject: 'fixture.v1.watched',
  permission: 'application.read',
  input: z.object({ organization: z.string() }),
  output: z.object({ n: z.number() }),
  organizationOf: (input) => input.organization,
  discloses: 'logs',
  timeoutMs: 5_000,
});

/** Its items from 10 on are logs. */
const revealing = stream({
  subject: 'fixture.v1.revealing',
  permission: 'application.read',
  input: z.object({ organization: z.string(), values: z.array(z.number()) }),
  output: z.object({ n: z.number() }),
  organizationOf: (input) => input.organization,
  discloses: 'logs',
  isDisclosedBy: ({ n }) => n >= 10,
  timeoutMs: 5_000,
});
/** A reply from 10 on is logs. */
const revealed = request({
  subject: 'fixture.v1.revealed',
  permission: 'application.read',
  input: z.object({ organization: z.string(), value: z.number() }),
  output: z.object({ n: z.number() }),
  organizationOf: (input) => input.organization,
  discloses: 'logs',
  isDisclosedBy: ({ n }) => n >= 10,
  timeoutMs: 5_000,
});

export const fixtureContracts = {
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
};

/** State of a started server, for tests. */
export interface Fixture {
  readonly app: INestApplication;
  readonly contracts: readonly Contract[];
  readonly refusals: Refusal[];
  readonly adminReads: AdminRead[];
  readonly logged: { readonly fields: object; readonly message: string }[];
  /** Returns the number of streams in progress. */
  readonly producing: () => number;
  /** Returns the number of waiting handlers of `slow`; `release` lets them reply. */
  readonly waiting: () => number;
  readonly release: () => void;
  readonly close: () => Promise<void>;
}

/** Starts a Nest application (Fastify, hybrid, no port) that serves the fixture's contracts over `transport`. */
export async function startServer(
  transport: BusTransport,
  clock: Clock,
  directory: Directory,
  more: Partial<RequestGuardOptions> = {},
): Promise<Fixture> {
  const refusals: Refusal[] = [];
  const adminReads: AdminRead[] = [];
  const logged: { fields: object; message: string }[] = [];
  const log = (fields: object, message: string): void => void logged.push({ fields, message });
  const logger: Logger = { debug: log, info: log, warn: log, error: log };
  let producing = 0;
  const waiting = new Set<() => void>();

  async function* endless(signal: AbortSignal, items: boolean): AsyncGenerator<{ n: number }> {
    producing++;
    const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    try {
      for (let n = 1; !signal.aborted; n++) {
        await Promise.race([aborted, new Promise((resolve) => setTimeout(resolve, items ? 2 : 60_000).unref())]);
        if (items) yield { n };
      }
    } finally {
      producing--;
    }
  }

  async function* numbers(to: number, fault: string | undefined): AsyncGenerator<{ n: number; text?: string }> {
    producing++;
    try {
      for (let n = 1; n <= to; n++) yield { n };
    } finally {
      producing--;
    }
    if (fault === 'refuse') throw new DomainErrorException(domainError('fixture/no-more', 'conflict', 'No more.'));
    if (fault === 'throw') throw new Error('secret of the stream');
    if (fault === 'large') yield { n: 1, text: 'x'.repeat(1_000_000) };
    const undeclared = { n: 1, password: 'secret of the item' };
    if (fault === 'undeclared') yield undeclared;
  }

  @Controller()
  class FixtureHandlers {
    @Serves(echo)
    echo(@Input() { text }: { text: string }) {
      return reply({ text }, { revision: 3 });
    }
    @Serves(act)
    async act(@Input() { how }: InputOf<typeof act>): Promise<Reply<unknown>> {
      if (how === 'refuse')
        return refuse(
          domainError('fixture/refused', 'conflict', 'Refused.', { fix: 'do otherwise', extra: { used: 3 } }),
        );
      if (how === 'throw') throw new Error('secret of the handler', { cause: new Error('secret cause') });
      if (how === 'disk-full')
        throw new UnavailableError(
          'the file of the store cannot be written',
          domainError('fixture/away', 'unavailable', 'Away.'),
          { isDiskFull: true },
        );
      if (how === 'never') return new Promise<never>(() => {});
      const nothing = undefined as unknown as Reply<unknown>; // a defect that types do not prevent
      return how === 'date' ? reply({ at: new Date(0), gone: undefined }) : nothing;
    }
    @Serves(mismatched)
    mismatched() {
      const items: { n: number }[] = JSON.parse('[{ "n": 1 }, { "n": "secret of the answer", "more": true }]');
      return reply({ items });
    }
    @Serves(slow)
    async slow() {
      await new Promise<void>((resolve) => waiting.add(resolve));
      return reply('done');
    }
    @Serves(large)
    large(@Input() { bytes }: { bytes: number }) {
      return reply('x'.repeat(bytes));
    }
    @Serves(inOrganization)
    inOrganization(@Input() _input: InputOf<typeof inOrganization>, @Caller() context: OrganizationContext) {
      return reply(context);
    }
    @Serves(internal)
    internal(@Input() _input: InputOf<typeof internal>, @Caller() context: OrganizationContext) {
      return reply(context);
    }
    @Serves(count)
    count(@Input() { to, fault, through }: InputOf<typeof count>) {
      return through === 'observable' ? from(numbers(to, fault)) : numbers(to, fault);
    }
    @Serves(forever)
    forever(@Input() _input: object, @Caller() _context: RequestContext, @Cancelled() signal: AbortSignal) {
      return endless(signal, true);
    }
    @Serves(silent)
    silent(@Input() _input: object, @Caller() _context: RequestContext, @Cancelled() signal: AbortSignal) {
      return endless(signal, false);
    }
    @Serves(revealing)
    async *revealing(@Input() { values }: InputOf<typeof revealing>) {
      for (const n of values) yield { n };
    }
    @Serves(revealed)
    revealed(@Input() { value }: InputOf<typeof revealed>) {
      return reply({ n: value });
    }
    @Serves(watched)
    watched() {
      return numbers(1, undefined);
    }
  }

  const guard = new RequestGuard({
    keys: testKeys,
    clock,
    logger,
    access: { current: () => Promise.resolve({ ok: true, value: directory }) },
    refusals: { refused: (refusal) => void refusals.push(refusal) },
    adminReads: { read: (read) => void adminReads.push(read) },
    ...more,
  });

  @Module({ imports: [BusModule.forRoot(guard)], controllers: [FixtureHandlers] })
  class FixtureModule {}

  const app = await NestFactory.create(FixtureModule, new FastifyAdapter(), { logger: false });
  const contracts = connectBus(app, transport);
  await app.init();
  await app.startAllMicroservices();
  const release = (): void => {
    for (const resolve of waiting) resolve();
    waiting.clear();
  };
  return {
    app,
    contracts,
    refusals,
    adminReads,
    logged,
    producing: () => producing,
    waiting: () => waiting.size,
    release,
    close: () => app.close(),
  };
}

/** Returns a context like those of the gateway. */
export function personContext(
  clock: Clock,
  principal: Principal = { kind: 'login', userId: ALICE },
  more: Partial<RequestContext> = {},
): RequestContext {
  return {
    principal,
    actor: actorOf(principal, false),
    commandId: `${'a'.repeat(32)}.${'b'.repeat(32)}`,
    correlationId: randomUUID(),
    deadlineMs: clock.now() + 10_000,
    ...more,
  };
}

/** Returns the gateway's bus, which acts for people, and the bus of the service `caller`. */
export function busesOver(
  transport: BusTransport,
  clock: Clock,
  logger: Logger,
): { readonly gateway: Bus; readonly caller: Bus } {
  const shared = { transport, clock, keys: testKeys, ids: randomIds, logger };
  return {
    gateway: createBus({ ...shared, service: 'gateway', actsForPersons: true }),
    caller: createBus({ ...shared, service: 'caller' }),
  };
}

/** Returns a transport that keeps what is sent, and replies to everything with `null`. */
export function recordingTransport(name: 'in-process' | 'nats'): {
  readonly transport: BusTransport;
  readonly sent: readonly OutgoingMessage[];
} {
  const sent: OutgoingMessage[] = [];
  const transport: BusTransport = {
    name,
    isLocal: name === 'in-process',
    exchange(_subject, message, receive) {
      sent.push(message);
      setImmediate(() => receive({ response: { ok: true, value: null, meta: {} } }));
      return () => {};
    },
    server: () => {
      throw new Error('nothing is served');
    },
    connect: () => Promise.resolve(),
    connected: () => true,
    close: () => Promise.resolve(),
  };
  return { transport, sent };
}
