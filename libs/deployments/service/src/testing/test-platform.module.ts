import { type Principal, type Role } from '#access';
import { BUS, REQUEST_GUARD, reply, type Bus, type Reply, type RequestContext, type RequestGuard } from '#bus';
import type { CallerInputOf, OutputOf, RequestContract, StreamContract } from '#bus/contract';
import { EGRESS, EGRESS_GUARD, onlyEndpoint } from '#egress';
import { COMMANDS, LOG_FEED, PROJECTION_CONTROL, READ_MODELS, type Reactor } from '#event-sourcing';
import { EVENT_STORE } from '#event-store';
import { ACCESS } from '#access';
import {
  CLOCK,
  IDS,
  LOGGER,
  silentLogger,
  type Clock,
  type Decider,
  type DomainError,
  type Fact,
  type Position,
} from '#kernel';
import { answeringBus, openEmbedded, type Answers, type Embedded } from '#testing/embedded';
import { VAULT } from '#vault';
import { WORK_QUEUE, type WorkQueue } from '#work-queue';
import { Global, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { firstValueFrom, take, toArray, type Observable } from 'rxjs';
import { DeploymentsModule } from '../deployments.module.ts';
import { deploymentsService } from '../index.ts';
import { SOURCE_POLL_MS } from '../tracking/source-tracking.sweep.ts';

/** The platform on embedded engines, for specs. Requests are handled as on the bus, without authorization. */
export interface TestPlatform {
  readonly engines: Embedded;
  readonly app: INestApplicationContext;
  /** Root module, to be started again on a bus: `GATE` is what was passed to `openHouse`. */
  readonly root: new () => object;
  readonly clock: Clock & { shift(ms: number): void };
  /** Creates an organization with members by name. Their names are also their ids. */
  found(organizationId: string, slug: string, members: Readonly<Record<string, Role>>): Promise<void>;
  /** Records events of an organization, as its own service would. @returns the position of the last one */
  organizationFacts(organizationId: string, userId: string, ...facts: readonly Fact[]): Promise<Position>;
  /** Returns a request of a user of an organization who logged in. */
  person(
    userId: string,
    organizationId: string,
    more?: Partial<RequestContext> & { readonly key?: string; readonly body?: string },
  ): RequestContext;
  service(name: string, organizationId?: string): RequestContext;
  ask<C extends RequestContract>(
    contract: C,
    input: CallerInputOf<C>,
    platform: RequestContext,
  ): Promise<Reply<OutputOf<C>>>;
  /** Returns the first items of a stream, or all items of one that ends. */
  read<C extends StreamContract>(
    contract: C,
    input: CallerInputOf<C>,
    platform: RequestContext,
    first?: number,
  ): Promise<OutputOf<C>[]>;
  settled(): Promise<void>;
  /** Runs a reactor over the entire log, without its delay. Resolves when all read models are up to date. */
  resumed(reactor: new (...args: never[]) => Reactor): Promise<void>;
  close(): Promise<void>;
}

const CONTRACT = 'astro:contract';

/** Opens the platform in a folder. @param answers responses of other services */
export async function openTestPlatform(
  folder: string,
  queue: WorkQueue,
  answers: Answers,
  { guard }: { readonly guard?: (engines: Embedded) => RequestGuard } = {},
): Promise<TestPlatform> {
  const engines = await openEmbedded(folder);
  let shiftMs = 0;
  const { clock: real } = engines;
  const clock = {
    ...real,
    now: () => real.now() + shiftMs,
    monotonic: () => real.monotonic() + shiftMs,
    shift: (ms: number) => void (shiftMs += ms),
  };
  const bus: Bus = answeringBus('deployments', { ...others, ...answers });
  const tokens = [
    { provide: COMMANDS, useValue: engines.commands },
    { provide: READ_MODELS, useValue: engines.readModels },
    { provide: PROJECTION_CONTROL, useValue: engines.sourcing.control },
    { provide: EVENT_STORE, useValue: engines.eventStore },
    { provide: LOG_FEED, useValue: engines.sourcing.feed },
    { provide: VAULT, useValue: engines.vault },
    { provide: ACCESS, useValue: engines.access },
    { provide: WORK_QUEUE, useValue: queue },
    { provide: BUS, useValue: bus },
    { provide: REQUEST_GUARD, useValue: guard?.(engines) ?? {} },
    { provide: CLOCK, useValue: clock },
    { provide: IDS, useValue: engines.ids },
    { provide: LOGGER, useValue: silentLogger },
    { provide: SOURCE_POLL_MS, useValue: 150_000 },
    { provide: EGRESS, useValue: onlyEndpoint('k8s.acme.internal', 6443) },
    { provide: EGRESS_GUARD, useValue: { check: () => Promise.resolve(undefined) } },
  ];
  @Global()
  @Module({ providers: tokens, exports: tokens.map(({ provide }) => provide) })
  class Tokens {}
  @Module({ imports: [Tokens, DeploymentsModule] })
  class Root {}
  const app = await NestFactory.createApplicationContext(Root, { logger: false, abortOnError: false });
  await engines.sourcing.projections(deploymentsService.projections);
  engines.sourcing.reactors(deploymentsService.reactors.map((reactor) => app.get(reactor, { strict: false })));

  const handlers = new Map<unknown, (...args: unknown[]) => unknown>();
  const controllers = Reflect.getMetadata('controllers', DeploymentsModule) as (new () => object)[];
  for (const controller of controllers) {
    const instance = app.get<Record<string, (...args: unknown[]) => unknown>>(controller, { strict: false });
    for (const name of Object.getOwnPropertyNames(controller.prototype)) {
      const method = instance[name];
      const contract: unknown = name === 'constructor' || !method ? undefined : Reflect.getMetadata(CONTRACT, method);
      if (contract !== undefined && method) handlers.set(contract, method.bind(instance));
    }
  }
  const handlerOf = (contract: unknown) => {
    const handler = handlers.get(contract);
    if (!handler) throw new Error('nobody serves that contract');
    return handler;
  };

  async function organizationFacts(organizationId: string, userId: string, ...facts: readonly Fact[]) {
    const recorded = await engines.commands.run(
      organizationDecider,
      `organization-${organizationId}`,
      facts,
      engines.request({ kind: 'login', userId }, { organizationId }),
    );
    if (!recorded.ok) throw new Error(recorded.error.code);
    return recorded.value.position;
  }

  const settled = async () => engines.sourcing.control.waitUntilApplied(await engines.eventStore.head());

  return {
    engines,
    app,
    root: Root,
    clock,
    async found(organizationId, slug, members) {
      const [[ownerId, ownerRole] = ['nobody', 'owner'], ...rest] = Object.entries(members);
      if (ownerRole !== 'owner') throw new Error('the first member is the owner');
      const facts: Fact[] = [
        { type: 'organization.created.v1', data: { name: slug, slug, ownerId, isDefault: false } },
        ...rest.map(([memberId, role]) => ({
          type: 'organization.member-added.v1',
          data: { memberId, role, kind: 'person' },
        })),
      ];
      await organizationFacts(organizationId, ownerId, ...facts);
    },
    organizationFacts,
    person(userId, organizationId, { key, body, ...more } = {}) {
      const principal: Principal = { kind: 'login', userId };
      return {
        ...engines.request(principal, {
          organizationId,
          ...(key !== undefined && { key }),
          ...(body !== undefined && { body }),
        }),
        ...more,
      };
    },
    service: (name, organizationId) =>
      engines.request({ kind: 'service', service: name }, organizationId === undefined ? {} : { organizationId }),
    async ask<C extends RequestContract>(contract: C, input: CallerInputOf<C>, platform: RequestContext) {
      const answer = (await handlerOf(contract)(contract.input.parse(input), platform)) as Reply<OutputOf<C>>;
      if (answer.ok) contract.output.parse(answer.value);
      return answer;
    },
    async read<C extends StreamContract>(
      contract: C,
      input: CallerInputOf<C>,
      platform: RequestContext,
      first = Number.POSITIVE_INFINITY,
    ) {
      const stop = new AbortController();
      const items = (await handlerOf(contract)(contract.input.parse(input), platform, stop.signal)) as Observable<
        OutputOf<C>
      >;
      const read = await firstValueFrom((Number.isFinite(first) ? items.pipe(take(first)) : items).pipe(toArray()));
      stop.abort();
      for (const item of read) contract.output.parse(item);
      return read;
    },
    settled,
    async resumed(reactor) {
      await settled();
      const resumption = app.get<Reactor>(reactor, { strict: false });
      const types: readonly string[] = resumption.types;
      for await (const stored of engines.eventStore.readAll())
        if (types.includes(stored.type)) await resumption.react({ event: stored, metadata: stored });
      await settled();
    },
    async close() {
      await engines.close();
      await app.close();
    },
  };
}

/** Records the given events without checks, since the rules of organizations belong to their own service. */
const organizationDecider: Decider<number, readonly Fact[], Fact, DomainError> = {
  events: {
    categories: ['organization'],
    types: {
      'organization.created.v1': true,
      'organization.member-added.v1': true,
      'organization.member-role-changed.v1': true,
      'organization.member-removed.v1': true,
      'organization.deletion-requested.v1': true,
      'organization.deleted.v1': true,
    },
  },
  initialState: 0,
  evolve: (count) => count + 1,
  decide: (facts) => ({ ok: true, value: facts }),
};

/** Default responses of other services. */
const others: Answers = {
  'identity.v1.about': () =>
    reply({
      name: 'Astro Platform',
      version: '0.0.0',
      publicUrl: 'https://astro.acme.dev',
      issuer: 'https://astro.acme.dev/oidc',
      audience: 'https://astro.acme.dev/v1',
      resource: 'https://astro.acme.dev/v1',
      cliClientId: 'astroctl',
      consoleClientId: 'astro-console',
      scope: 'openid',
      contact: 'platform@acme.dev',
      profile: 'distributed',
    }),
  'identity.v1.people.find': ({ ids }: { ids: string[] }) =>
    reply({ people: ids.map((id) => ({ id, email: `${id}@acme.dev`, name: null, erased: false })) }),
  'billing.v1.subscription.of': ({ organizationIds }: { organizationIds: string[] }) =>
    reply({
      plans: Object.fromEntries(
        organizationIds.map((id) => [
          id,
          { plan: 'developer', defaultTier: 'basic', requestsPerMinute: 600, auditDaysShown: 30, auditExport: 'owner' },
        ]),
      ),
      pricingUrl: 'https://docs.astro.example/plans',
    }),
  'deploy-worker.v1.clusters.probe': ({ cluster }: { cluster: { server: string } }) =>
    reply({ uid: `uid-of-${new URL(cluster.server).host}`, version: 'v1.36.3', nodes: 3, missing: [] }),
  'deploy-worker.v1.applications.status': () => reply({ replicas: '3/3', pods: [] }),
  'deploy-worker.v1.clusters.token': () =>
    reply({ token: 'token-for-ten-minutes', expiresAt: '2026-11-24T12:10:00.000Z' }),
};
