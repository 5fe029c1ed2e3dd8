// Server of the bus and edge benchmarks, with one guarded request of an organization, and the data of its requests.
import { randomUUID } from 'node:crypto';
import { actorOf, Directory, formatAccessKey, type DirectoryFact } from '#access';
import {
  BusModule,
  connectBus,
  reply,
  RequestGuard,
  Serves,
  type BusTransport,
  type CallerKeys,
  type RequestContext,
} from '#bus';
import { request } from '#bus/contract';
import { accessKeyDigest, edgeAdapter } from '#http';
import { position } from '#kernel';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { z } from 'zod';
import { surroundings } from './surroundings.ts';

export const ORGANIZATION = '0193f2a4-11de-7a90-b6c7-2f8f0b6d9c02';
export const KEY = formatAccessKey('benchkey', new Uint8Array(32).fill(1));
export const KEYS: CallerKeys = [{ id: 'bench', key: new Uint8Array(32).fill(2) }];

const organizationOf = ({ org }: { readonly org: string }): string => org;
const input = z.strictObject({ org: z.string().min(1) });
export const emptyRequest = request({
  subject: 'bench.v1.empty',
  permission: 'application.read',
  input,
  output: z.null(),
  organizationOf,
  timeoutMs: 10_000,
});
export const applicationRequest = request({
  subject: 'bench.v1.application',
  route: 'GET /v1/organizations/{org}/applications/{name}',
  permission: 'application.read',
  input: z.strictObject({ org: z.string().min(1), name: z.string().min(1) }),
  output: z.unknown(),
  organizationOf,
  timeoutMs: 10_000,
});

/** Similar to the response of `app get`. */
export const APPLICATION = {
  name: 'web',
  status: 'RUNNING',
  health: 'Healthy',
  sync: 'Synced',
  version: 'v3',
  organization: 'acme',
  profileName: 'production',
  clusterName: 'eu-prod',
  provider: 'aws',
  region: 'eu-west-1',
  targetNamespace: 'acme-web',
  sourceType: 'image',
  sourceRef: 'images.acme.dev/web:1.4.2@sha256:9f2c41d07b3e',
  replicas: '3/3',
  endpoint: 'https://web-x2ss.apps.acme.dev',
  updatedAt: '2026-11-24T12:02:11Z',
  message: 'all pods ready for 12 min',
  tier: 'premium',
  protected: true,
  limits: { cpu: '1/4', memory: '4Gi/8Gi' },
};

@Controller()
class BenchHandlers {
  @Serves(emptyRequest)
  empty() {
    return reply(null);
  }
  @Serves(applicationRequest)
  application() {
    return reply(APPLICATION);
  }
}

function directory(): Directory {
  const known = new Directory();
  const facts: readonly (readonly [string, DirectoryFact])[] = [
    ['user-ada', { type: 'user.registered.v1', data: { globalRole: 'developer' } }],
    [
      `organization-${ORGANIZATION}`,
      { type: 'organization.created.v1', data: { name: 'Acme', slug: 'acme', ownerId: 'ada', isDefault: false } },
    ],
    [
      `keys-${ORGANIZATION}`,
      {
        type: 'access-key.created.v1',
        data: {
          keyId: 'key_0193f2b1',
          memberId: 'ada',
          memberKind: 'person',
          role: 'owner',
          name: 'bench',
          digest: accessKeyDigest(KEY),
          masked: 'astro_benc...',
          source: 'cli',
        },
      },
    ],
  ];
  for (const [stream, event] of facts) {
    known.apply({
      event,
      metadata: {
        id: randomUUID(),
        stream,
        revision: 0,
        position: position('benchstore', 1),
        recordedAt: '2026-01-01T00:00:00.000Z',
        actor: 'system:bench',
        commandId: 'c',
        correlationId: 'c',
        causationId: 'c',
      },
    });
  }
  return known;
}

/** Members and keys, as in a process that follows the log. */
export const knownDirectory = directory();
const current = Promise.resolve({ ok: true, value: knownDirectory } as const);
export const access = { current: () => current };

type Prepare = (app: NestFastifyApplication) => void;

/** Starts an application that serves the requests above over `transport`. `prepare` runs before it starts. */
export const startService = (transport: BusTransport, prepare: Prepare = () => {}): Promise<NestFastifyApplication> =>
  start(transport, [BenchHandlers], prepare);

/** Starts an application that serves none of these requests, and sends them over `transport`. */
export async function startEdge(transport: BusTransport, prepare: Prepare): Promise<NestFastifyApplication> {
  await transport.connect?.();
  return start(transport, [], prepare);
}

async function start(
  transport: BusTransport,
  controllers: readonly (typeof BenchHandlers)[],
  prepare: Prepare,
): Promise<NestFastifyApplication> {
  @Module({
    imports: [
      BusModule.forRoot(
        new RequestGuard({
          keys: KEYS,
          clock: surroundings.clock,
          logger: surroundings.log,
          access,
          checksOutput: false,
        }),
      ),
    ],
    controllers: [...controllers],
  })
  class BenchModule {}
  const app = await NestFactory.create<NestFastifyApplication>(
    BenchModule,
    edgeAdapter({ clock: surroundings.clock, ids: surroundings.ids }),
    {
      logger: false,
      bodyParser: false,
    },
  );
  connectBus(app, transport);
  prepare(app);
  await app.init();
  await app.startAllMicroservices();
  return app;
}

export function keyContext(): RequestContext {
  const principal = {
    kind: 'key',
    memberId: 'ada',
    memberKind: 'person',
    keyId: 'key_0193f2b1',
    organizationId: ORGANIZATION,
    role: 'owner',
  } as const;
  return {
    principal,
    actor: actorOf(principal, false),
    commandId: `${'a'.repeat(32)}.${'b'.repeat(32)}`,
    correlationId: randomUUID(),
    deadlineMs: Date.now() + 10_000,
  };
}
