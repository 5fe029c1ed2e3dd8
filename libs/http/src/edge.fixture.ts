// A gateway and a service in one process, for the tests of this folder.
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { formatAccessKey, maskAccessKey, PUBLIC, type Directory } from '#access';
import {
  BusModule,
  Caller,
  connectBus,
  createBus,
  Input,
  loadOrCreateCallerKeys,
  refuse,
  DomainErrorException,
  reply,
  RequestGuard,
  Serves,
  type BusTransport,
  type RequestContext,
} from '#bus';
import { request, stream, type InputOf } from '#bus/contract';
import { directoryOf } from '#bus/contract-suite';
import { systemClock, systemIds } from '#runtime/system';
import { domainError, position, silentLogger, type Clock, type Logger } from '#kernel';
import { sequenceIds } from '#testing';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { z } from 'zod';
import { edgeAdapter } from './adapter.ts';
import { accessKeyDigest, Authenticator, type AuthenticatorOptions } from './authentication.ts';
import type { EdgeOptions } from './edge-options.ts';
import { mountEdge } from './edge.ts';
import { IssuerKeys, type Fetch } from './jwks.ts';
import { AccessTokens } from './jwt.ts';
import { PersonClaimsReader } from './person-claims.ts';

export const ISSUER = 'https://issuer.test';
export const AUDIENCE = 'astro';
export const ORG = '0193f2a4-11de-7a90-b6c7-2f8f0b6d9c02';
export const OTHER_ORG = '0193f2a4-11de-7a90-b6c7-2f8f0b6d9c03';
export const KEY_ENDS_MS = Date.UTC(2027, 0, 1);
export const AT = position('teststore', 42);

const name = z.string().regex(/^[a-z][a-z0-9-]{0,37}$/, 'must be a DNS label');
const org = z.string().min(1);
const organizationOf = (input: { readonly org: string }): string => input.org;

export const contracts = {
  about: request({
    subject: 'fixture.v1.about',
    route: 'GET /v1/about',
    permission: PUBLIC,
    input: z.object({}),
    output: z.object({ name: z.string() }),
    timeoutMs: 2_000,
  }),
  list: request({
    subject: 'fixture.v1.list',
    route: 'GET /v1/organizations/{org}/things',
    permission: 'application.read',
    input: z.object({
      org,
      limit: z.number().int().min(1).max(500).default(100),
      deep: z.boolean().optional(),
      tags: z.array(z.string()).optional(),
      search: z.string().optional(),
    }),
    output: z.array(z.unknown()),
    organizationOf,
    timeoutMs: 2_000,
  }),
  get: request({
    subject: 'fixture.v1.get',
    route: 'GET /v1/organizations/{org}/things/{name}',
    permission: 'application.read',
    input: z.object({ org, name }),
    output: z.unknown(),
    organizationOf,
    timeoutMs: 2_000,
  }),
  put: request({
    subject: 'fixture.v1.put',
    route: 'PUT /v1/organizations/{org}/things/{name}',
    permission: 'application.deploy',
    dryRun: true,
    ifMatch: true,
    input: z.object({
      org,
      name,
      text: z.string().max(100_000).optional(),
      replicas: z.number().int().min(0).max(1_000).optional(),
      nested: z.record(z.string(), z.string()).optional(),
    }),
    output: z.unknown(),
    organizationOf,
    timeoutMs: 2_000,
  }),
  manifest: request({
    subject: 'fixture.v1.manifest',
    route: 'PUT /v1/organizations/{org}/manifests/{name}',
    permission: 'application.deploy',
    input: z.object({ org, name, manifest: z.unknown(), isFast: z.boolean().default(false) }),
    body: 'manifest',
    output: z.unknown(),
    organizationOf,
    timeoutMs: 2_000,
  }),
  create: request({
    subject: 'fixture.v1.create',
    route: 'POST /v1/organizations/{org}/things',
    permission: 'application.deploy',
    input: z.object({ org, name }),
    output: z.object({ id: z.string(), org: z.string(), name: z.string(), commandId: z.string() }),
    success: 201,
    organizationOf,
    timeoutMs: 2_000,
  }),
  act: request({
    subject: 'fixture.v1.act',
    route: 'POST /v1/organizations/{org}/things/{name}/act',
    permission: 'application.deploy',
    input: z.object({
      org,
      name,
      how: z.enum(['accept', 'throw', 'limit', 'forbid', 'conflict', 'match', 'warn', 'gone', 'nothing']),
    }),
    output: z.unknown(),
    success: 202,
    organizationOf,
    timeoutMs: 2_000,
  }),
  remove: request({
    subject: 'fixture.v1.remove',
    route: 'DELETE /v1/organizations/{org}/things/{name}',
    permission: 'application.delete',
    input: z.object({ org, name }),
    output: z.unknown(),
    success: 204,
    organizationOf,
    timeoutMs: 2_000,
  }),
  hook: request({
    subject: 'fixture.v1.hook',
    route: 'POST /hooks/{id}',
    permission: PUBLIC,
    accepts: true,
    rawBody: { member: 'payload', headers: { signature: 'x-signature' } },
    input: z.strictObject({ id: z.string(), payload: z.base64(), signature: z.string().max(100).optional() }),
    output: z.unknown(),
    timeoutMs: 2_000,
  }),
  events: stream({
    subject: 'fixture.v1.events',
    route: 'GET /v1/organizations/{org}/events',
    permission: 'application.read',
    input: z.object({
      org,
      follow: z.boolean().default(false),
      after: z.string().optional(),
      fault: z.boolean().optional(),
      limit: z.coerce.number().int().default(500),
    }),
    output: z.object({ position: z.string(), text: z.string() }),
    organizationOf,
    timeoutMs: 2_000,
  }),
  pages: stream({
    subject: 'fixture.v1.pages',
    route: 'GET /v1/organizations/{org}/pages',
    permission: 'application.read',
    input: z.object({ org, cursor: z.string().optional(), limit: z.coerce.number().int().default(2) }),
    output: z.unknown(),
    organizationOf,
    timeoutMs: 2_000,
  }),
  lines: stream({
    subject: 'fixture.v1.lines',
    route: 'GET /v1/organizations/{org}/lines',
    permission: 'application.read',
    input: z.object({
      org,
      count: z.coerce.number().int(),
      format: z.enum(['csv', 'none']).default('csv'),
      fault: z.coerce.number().int().optional(),
    }),
    output: z.number(),
    downloads: { csv: { mediaType: 'text/csv', head: 'n\r\n', line: (n: number) => `${n},${'x'.repeat(1_000)}\r\n` } },
    organizationOf,
    timeoutMs: 2_000,
  }),
};

@Controller()
class FixtureHandlers {
  @Serves(contracts.about)
  about() {
    return reply({ name: 'fixture' });
  }
  @Serves(contracts.list)
  list(@Input() input: object) {
    return reply([input]);
  }
  @Serves(contracts.get)
  get(@Input() input: object, @Caller() { organizationId, consistency, principal }: RequestContext) {
    return reply({ ...input, organizationId, consistency, principal: principal.kind }, { position: AT, revision: 7 });
  }
  @Serves(contracts.put)
  put(@Input() input: object, @Caller() { commandId, ifMatch, dryRun, by }: RequestContext) {
    return reply({ ...input, commandId, ifMatch, dryRun, by }, { position: AT, revision: 8 });
  }
  @Serves(contracts.manifest)
  manifest(@Input() input: object) {
    return reply(input);
  }
  @Serves(contracts.create)
  create(@Input() input: { org: string; name: string }, @Caller() { commandId }: RequestContext) {
    return reply({ id: 'id-1', ...input, commandId }, { created: true });
  }
  @Serves(contracts.act)
  act(@Input() { how }: { how: string }) {
    switch (how) {
      case 'throw':
        throw new Error('secret of the handler');
      case 'limit':
        return refuse(
          domainError('fixture/thing-limit', 'limit', 'Too many.', {
            fix: 'delete one',
            extra: { limit: 3, used: 3, plan: 'developer' },
          }),
        );
      case 'forbid':
        return refuse(domainError('fixture/protected', 'forbidden', 'Protected.'));
      case 'conflict':
        return refuse(domainError('fixture/conflict', 'conflict', 'Conflict.'));
      case 'match':
        return refuse(domainError('edge/precondition-failed', 'conflict', 'Another revision.'));
      case 'gone':
        return refuse(domainError('fixture/away', 'unavailable', 'Away.', { retryAfterSeconds: 7 }));
      case 'warn':
        return reply({}, { warnings: ['eins "zwei" grün\r\nx: y'], repeated: true });
      default:
        return reply({ how });
    }
  }
  @Serves(contracts.remove)
  remove() {
    return reply(null);
  }
  @Serves(contracts.hook)
  hook(@Input() input: InputOf<typeof contracts.hook>) {
    return reply(input, { accepted: input.signature !== undefined });
  }
  @Serves(contracts.events)
  async *events(@Input() { follow, after, fault, limit }: InputOf<typeof contracts.events>) {
    for (let n = Number(after ?? 0) + 1; n <= Math.min(3, Number(after ?? 0) + limit); n++)
      yield { position: String(n), text: 'a\nb' };
    if (fault) yield* refusing();
    if (follow) await new Promise(() => {});
  }

  @Serves(contracts.pages)
  async *pages(@Input() { cursor, limit }: InputOf<typeof contracts.pages>) {
    const from = Number(cursor ?? 0);
    for (let n = from + 1; n <= from + limit; n++) yield { position: String(n) };
    if (from + limit < 5) yield { next: String(from + limit) };
  }
  @Serves(contracts.lines)
  async *lines(@Input() { count, fault }: InputOf<typeof contracts.lines>) {
    for (let n = 1; n <= count; n++) {
      if (n === fault) yield* refusing();
      yield n;
    }
  }

  @Get('nest')
  nest() {
    throw new Error('secret of the controller');
  }
}

async function* refusing(): AsyncGenerator<never> {
  await Promise.resolve();
  throw new DomainErrorException(domainError('fixture/removed', 'not-found', 'Removed.'));
}

export const secretKey = (n: number): string => formatAccessKey(`testkey${n}`, new Uint8Array(32).fill(n));

function keyFact(n: number, memberId: string, role: 'viewer' | 'owner', expiresAt?: string) {
  const key = secretKey(n);
  const data = {
    keyId: `key_0000000${n}`,
    memberId,
    memberKind: 'person',
    role,
    name: 'k',
    digest: accessKeyDigest(key),
    masked: maskAccessKey(key),
    source: 'cli',
    ...(expiresAt && { expiresAt }),
  } as const;
  return { type: 'access-key.created.v1', data } as const;
}

/** Ada owns `acme`; Vic is a viewer. Keys: 1 Ada's; 2 Ada's, expires; 3 Vic's; 4 revoked; 5 of a former member. */
export function directory(): Directory {
  return directoryOf(
    ['user-ada', { type: 'user.registered.v1', data: { globalRole: 'developer' } }],
    ['user-vic', { type: 'user.registered.v1', data: { globalRole: 'developer' } }],
    ['user-eve', { type: 'user.registered.v1', data: { globalRole: 'developer' } }],
    [
      `organization-${ORG}`,
      { type: 'organization.created.v1', data: { name: 'Acme', slug: 'acme', ownerId: 'ada', isDefault: false } },
    ],
    [
      `organization-${ORG}`,
      { type: 'organization.member-added.v1', data: { memberId: 'vic', kind: 'person', role: 'viewer' } },
    ],
    [
      `organization-${OTHER_ORG}`,
      { type: 'organization.created.v1', data: { name: 'Other', slug: 'other', ownerId: 'eve', isDefault: false } },
    ],
    [`keys-${ORG}`, keyFact(1, 'ada', 'owner')],
    [`keys-${ORG}`, keyFact(2, 'ada', 'owner', new Date(KEY_ENDS_MS).toISOString())],
    [`keys-${ORG}`, keyFact(3, 'vic', 'owner')],
    [`keys-${ORG}`, keyFact(4, 'ada', 'owner')],
    [`keys-${ORG}`, { type: 'access-key.revoked.v1', data: { keyId: 'key_00000004', reason: 'test' } }],
    [`keys-${ORG}`, keyFact(5, 'gone', 'owner')],
  );
}

export interface EdgeResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  // Any JSON that a test expects.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly body: any;
}

export interface Edge {
  readonly app: NestFastifyApplication;
  readonly port: number;
  readonly directory: Directory;
  readonly lookups: () => number;
  readonly logged: object[];
  /** Lines of the access log. */
  readonly requestsLogged: object[];
  /** Warnings to the operator. */
  readonly warned: object[];
  readonly signing: KeyObject;
  readonly jwksFetches: () => number;
  readonly loginLookups: () => number;
  readonly send: (
    method: string,
    path: string,
    more?: {
      headers?: Record<string, string | string[]>;
      body?: string | Buffer;
      key?: number | false;
      json?: unknown;
    },
  ) => Promise<EdgeResponse>;
  /** Sends raw bytes. Returns everything that the server sends until it closes the connection, or for 2 s. */
  readonly raw: (bytes: string | Buffer) => Promise<string>;
  readonly close: () => Promise<void>;
}

/**
 * Starts the server on a free port.
 *
 * @param folder for the caller keys
 */
export async function startEdge(
  transport: BusTransport,
  folder: string,
  more: Partial<EdgeOptions> & { clock?: Clock; fetch?: Fetch; jwks?: boolean } = {},
): Promise<Edge> {
  const { clock = systemClock } = more;
  const keys = loadOrCreateCallerKeys(folder);
  if (!keys.ok) throw new Error(keys.error.detail);
  const known = directory();
  const logged: object[] = [];
  const requestsLogged: object[] = [];
  const warned: object[] = [];
  const logger: Logger = {
    ...silentLogger,
    info: (fields) => void requestsLogged.push(fields),
    warn: (fields) => void warned.push(fields),
    error: (fields) => void logged.push(fields),
  };
  let lookups = 0;
  const access = {
    current: () => {
      lookups++;
      return Promise.resolve({ ok: true as const, value: known });
    },
  };
  const ids = sequenceIds();
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  let fetches = 0;
  let loginLookups = 0;
  const fetch: Fetch = (url) => {
    fetches++;
    const document = url.includes('.well-known')
      ? { issuer: ISSUER, jwks_uri: `${ISSUER}/jwks` }
      : {
          keys: [
            { ...publicKey.export({ format: 'jwk' }), kid: 'k1', use: 'sig', alg: 'ES256' },
            { kty: 'RSA', n: RSA_N, e: 'AQAB', kid: 'rsa', use: 'sig', alg: 'RS256' },
          ],
        };
    return Promise.resolve(new Response(JSON.stringify(document)));
  };
  const issuerKeys = new IssuerKeys({ issuer: ISSUER, fetch: more.fetch ?? fetch, clock, logger });
  const authenticatorOptions: AuthenticatorOptions = {
    access,
    clock,
    people: {
      tokens: new AccessTokens({
        issuer: ISSUER,
        audience: AUDIENCE,
        clientIds: ['cli'],
        keys: issuerKeys,
        clock,
        logger,
      }),
      claims: new PersonClaimsReader({ clock, logger }),
      users: {
        userOf: ({ subject }) => {
          loginLookups++;
          return Promise.resolve({ ok: true, value: subject.replace('auth|', '') });
        },
      },
    },
  };

  @Module({
    imports: [
      BusModule.forRoot(
        new RequestGuard({
          keys: keys.value,
          clock,
          logger,
          access,
          ...(more.refusals && { refusals: more.refusals }),
        }),
      ),
    ],
    controllers: [FixtureHandlers],
  })
  class FixtureModule {}

  const app = await NestFactory.create<NestFastifyApplication>(
    FixtureModule,
    edgeAdapter({
      clock,
      ids: systemIds,
      ...(more.isTrustedProxy && { isTrustedProxy: more.isTrustedProxy }),
    }),
    {
      logger: false,
      bodyParser: false,
    },
  );
  const served = connectBus(app, transport);
  mountEdge(app, {
    contracts: served,
    bus: createBus({ transport, service: 'gateway', keys: keys.value, clock, ids, logger, actsForPersons: true }),
    authenticator: new Authenticator(authenticatorOptions),
    access,
    clock,
    ids,
    logger,
    about: { title: 'Fixture', version: '1' },
    cursorKey: new Uint8Array(32).fill(7),
    readiness: () =>
      Promise.resolve({
        ready: true,
        contracts: served.map(({ subject }) => subject),
        dependencies: [{ name: 'log', ok: true }],
      }),
    ...more,
  });
  await app.init();
  await app.startAllMicroservices();
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as { port: number };

  const send: Edge['send'] = (method, path, { headers = {}, body, key = 1, json } = {}) =>
    new Promise((resolve, reject) => {
      const payload = json === undefined ? body : JSON.stringify(json);
      const sent = httpRequest({
        port,
        host: '127.0.0.1',
        method,
        path,
        agent: false,
        headers: {
          ...(key !== false && { authorization: `Bearer ${secretKey(key)}` }),
          ...(payload !== undefined && {
            'content-type': 'application/json',
            'content-length': String(Buffer.byteLength(payload)),
          }),
          ...headers,
        },
      });
      sent.on('error', reject).on('response', (response) => {
        const parts: Buffer[] = [];
        response
          .on('data', (part: Buffer) => parts.push(part))
          .on('end', () => {
            const text = Buffer.concat(parts).toString();
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              text,
              body: /json/.test(response.headers['content-type'] ?? '') && text ? JSON.parse(text) : undefined,
            });
          });
      });
      sent.end(payload);
    });
  const raw: Edge['raw'] = (bytes) =>
    new Promise((resolve, reject) => {
      let text = '';
      const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
      socket
        .setTimeout(30_000, () => socket.destroy())
        .on('data', (part) => {
          text += part.toString();
          socket.setTimeout(2_000); // the response is complete
        })
        .on('error', reject)
        .on('close', () => resolve(text));
    });
  return {
    app,
    port,
    directory: known,
    lookups: () => lookups,
    logged,
    requestsLogged,
    warned,
    signing: privateKey,
    jwksFetches: () => fetches,
    loginLookups: () => loginLookups,
    send,
    raw,
    close: () => app.close(),
  };
}

const RSA_N = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' }).n ?? '';
