import { createKeyUse, createLeakedKeys, type KeyUse } from '#access-keys/rest';
import { ACCESS, type AccessSource } from '#access';
import { createRequestRates, exchangeRequestCounts } from '#billing/rest';
import { BUS, REFUSALS, type Bus, type RefusalRecorder } from '#bus';
import {
  AccessTokens,
  Authenticator,
  CURSOR_KEY,
  IssuerKeys,
  mountEdge,
  PersonClaimsReader,
  READINESS,
  RequestCounts,
  type Dependency,
  type EdgeOptions,
  type Fetch,
} from '#http';
import { addressList } from '#http/connections';
import { issuerKeysRequest, issuerTokenRequest } from '#identity/contract';
import { addressesOf, BUILT_IN_ISSUER, CONSOLE_CLIENT_ID, type BuiltInIssuer, type Issuer } from '#identity/issuer';
import { createAddressRecords, createLogins, createSessionUse } from '#identity/rest';
import { CLOCK, IDS, LOGGER, VERSION, type Clock, type Ids, type Logger } from '#kernel';
import { METRICS, type Metrics } from '#metrics';
import type { CheckResult } from '#runtime/contract';
import { SERVICE_SETTINGS, StartError, type ServiceSettings } from '#runtime';
import { Inject, Injectable, Module, Optional, type OnModuleDestroy } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ASTROCTL_PACKAGE } from './astroctl-package.service.ts';
import { createConsoleBuild } from './console/console-build.service.ts';
import { consoleLogin } from './console/console-login.ts';
import { consolePages } from './console/console-pages.ts';
import { LoginAttempts } from './console/login-attempt.ts';
import { RelyingParty, type RedeemForm } from './console/relying-party.ts';
import { MANIFEST_SCHEMA_FILES } from './manifest-schemas.service.ts';
import { deviceLoginCheck } from './operations/device-login-check.ts';
import { DoctorQueries } from './operations/doctor.queries.ts';
import { ProjectionsHandlers } from './operations/projections.handlers.ts';
import { ProjectionsQueries } from './operations/projections.queries.ts';
import { ServiceStates } from './operations/service-states.service.ts';
import { settingChecks } from './operations/setting-checks.ts';
import { ROUTED_CONTRACTS } from './routed-contracts.ts';

/** Serves REST, OpenAPI, health, and metrics over HTTP. Sends requests to the contexts over the bus. */
@Injectable()
export class Gateway implements OnModuleDestroy {
  private readonly keyUse: KeyUse;
  private readonly requestCounts: RequestCounts;
  private readonly stopping = new AbortController();
  private issuerKeys: IssuerKeys | undefined;

  constructor(
    @Inject(BUS) private readonly bus: Bus,
    @Inject(ACCESS) private readonly access: AccessSource,
    @Inject(READINESS) private readonly readiness: EdgeOptions['readiness'],
    @Inject(CURSOR_KEY) private readonly cursorKey: Uint8Array,
    @Inject(SERVICE_SETTINGS) private readonly settings: ServiceSettings,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: Ids,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(METRICS) private readonly metrics: Metrics,
    @Optional() @Inject(REFUSALS) private readonly refusals: RefusalRecorder | undefined,
    @Optional() @Inject(BUILT_IN_ISSUER) private readonly builtIn: BuiltInIssuer | null | undefined,
  ) {
    this.keyUse = createKeyUse({ bus, clock });
    this.requestCounts = new RequestCounts(clock);
  }

  /** Adds routes and hooks to the application, before it is initialized. */
  mount(app: NestFastifyApplication): void {
    const { bus, access, readiness, cursorKey, clock, ids, logger, metrics, refusals } = this;
    const { connectionsPerAddress, contact, streamsPerKey, streamsPerOrganization, trustedProxies } =
      this.settings.configuration;
    const leakedKeys = createLeakedKeys({ bus, access, clock });
    const authenticator = this.authenticator();
    mountEdge(app, {
      contracts: ROUTED_CONTRACTS,
      files: [...ASTROCTL_PACKAGE, ...MANIFEST_SCHEMA_FILES],
      pages: [
        consoleLogin({
          relyingParty: this.relyingParty(),
          attempts: new LoginAttempts(cursorKey, clock),
          authenticator,
          bus,
          clock,
          ids,
          publicUrl: this.settings.publicUrl,
        }),
        consolePages({
          build: createConsoleBuild({ logger, clock }),
          ids,
          publicUrl: this.settings.publicUrl,
        }),
      ],
      bus,
      authenticator,
      access,
      clock,
      ids,
      logger,
      metrics,
      about: { title: 'Astro Platform', version: VERSION, url: this.settings.publicUrl },
      readiness,
      cursorKey,
      connectionsPerAddress,
      isTrustedProxy: addressList(trustedProxies),
      streams: { perPrincipal: streamsPerKey, perOrganization: streamsPerOrganization },
      requestsPerMinute: createRequestRates({ bus, clock }),
      requestCounts: this.requestCounts,
      contact,
      ...(refusals && { refusals }),
      addressRecordOf: createAddressRecords({ bus, clock }),
      onLeakedKey: (key) => leakedKeys.found(key),
      onKeyUsed: (key) => this.keyUse.used(key),
    });
  }

  /** Connects to the issuer, and to other gateways if there can be any, in the background, once the process serves. */
  start(): void {
    void this.issuerKeys?.warmUp(this.stopping.signal);
    const { bus, clock, ids, logger, requestCounts: counts } = this;
    const { signal } = this.stopping;
    if (this.settings.profile === 'distributed')
      void exchangeRequestCounts({ bus, clock, ids, logger, counts, signal });
  }

  /**
   * Dependencies whose failure the health check shows. The process is ready without the issuer: access keys do not need
   * it.
   */
  dependencies(): readonly Dependency[] {
    const detail = this.issuerKeys?.problem();
    return this.builtIn
      ? []
      : [{ name: 'login issuer', ok: detail === undefined, ...(detail !== undefined && { detail }), required: false }];
  }

  /** Checks of the settings and of the login for `admin doctor`. */
  async checks(): Promise<readonly CheckResult[]> {
    const { oidc } = this.settings.configuration;
    const login: CheckResult =
      oidc.kind === 'external'
        ? await deviceLoginCheck(oidc, { fetch, post: fetch, clock: this.clock })
        : { name: 'login issuer', status: 'ok', message: 'Logins use the built-in issuer.', fix: null };
    return [login, ...settingChecks(this.settings)];
  }

  onModuleDestroy(): void {
    this.keyUse.close();
    this.stopping.abort();
  }

  private authenticator(): Authenticator {
    const { access, bus, clock, logger, settings } = this;
    const issuer = this.builtIn?.issuer;
    const trusted = issuer ?? this.externalIssuer();
    const { oidc, emailClaim, emailVerified } = settings.configuration;
    const isExternal = oidc.kind === 'external';
    const fetchKeys = issuer ? ownKeys(issuer) : isExternal ? fetch : keysOverBus(trusted.issuer, bus);
    const keys = new IssuerKeys({ issuer: trusted.issuer, fetch: fetchKeys, clock, logger });
    this.issuerKeys = keys;
    const { cliClientId, consoleClientId } = issuer ?? (oidc.kind === 'external' ? oidc : {});
    return new Authenticator({
      access,
      clock,
      people: {
        tokens: new AccessTokens({
          issuer: trusted.issuer,
          audience: trusted.audience,
          clientIds: [cliClientId, consoleClientId].filter((id) => id !== undefined),
          keys,
          clock,
          logger,
        }),
        claims: new PersonClaimsReader({
          clock,
          logger,
          emailClaim,
          emailVerified,
          ...(isExternal && { userinfo: { keys, fetch } }),
        }),
        users: createLogins({ bus, clock }),
      },
      sessions: { origin: new URL(settings.publicUrl).origin, isLive: createSessionUse({ bus, clock }) },
    });
  }

  /** Returns the console as a client of the issuer; undefined if it is not registered there. */
  private relyingParty(): RelyingParty | undefined {
    const { bus, logger } = this;
    const { oidc } = this.settings.configuration;
    const publicUrl = this.settings.publicUrl.replace(/\/$/, '');
    if (oidc.kind === 'built-in') {
      const { issuer, audience } = this.builtIn?.issuer ?? this.externalIssuer();
      const clientId = this.builtIn?.issuer.consoleClientId ?? CONSOLE_CLIENT_ID;
      return new RelyingParty({
        issuer,
        clientId,
        publicUrl,
        scope: 'openid profile email',
        resource: audience,
        redeemForm: redeemOverBus(bus),
        logger,
      });
    }
    const { issuer, audience, consoleClientId, consoleClientSecret, scope, resource } = oidc;
    if (consoleClientId === undefined) return undefined;
    return new RelyingParty({
      issuer,
      clientId: consoleClientId,
      clientSecret: consoleClientSecret,
      publicUrl,
      scope: withoutRefreshTokens(scope),
      resource,
      audience,
      logger,
    });
  }

  /**
   * Returns the address of an issuer outside of this process.
   *
   * @throws StartError if it cannot be determined from the configuration
   */
  private externalIssuer(): { readonly issuer: string; readonly audience: string } {
    const { oidc, publicUrl } = this.settings.configuration;
    if (oidc.kind === 'external') return oidc;
    if (publicUrl === undefined)
      throw new StartError(
        'ASTRO_PUBLIC_URL must be the address where people reach the platform: the built-in issuer runs in another process, below /oidc of it.',
      );
    return addressesOf(publicUrl);
  }
}

const isDiscovery = (url: string): boolean => url.endsWith('/.well-known/openid-configuration');
const discoveryOf = (issuer: string): Response => Response.json({ issuer, jwks_uri: `${issuer}/jwks` });

/** Returns the keys of the built-in issuer in this process, without an HTTP request. */
const ownKeys =
  (issuer: Issuer): Fetch =>
  (url) =>
    Promise.resolve(isDiscovery(url) ? discoveryOf(issuer.issuer) : Response.json(issuer.jwks()));

/**
 * Requests the keys of the built-in issuer in another process over the bus. An HTTP request to the public address could
 * fail: a container may not reach it, or not trust its certificate.
 */
const keysOverBus =
  (issuer: string, bus: Bus): Fetch =>
  async (url) => {
    if (isDiscovery(url)) return discoveryOf(issuer);
    const reply = await bus.request(issuerKeysRequest, {}, bus.own({ timeoutMs: issuerKeysRequest.timeoutMs }));
    return reply.ok ? Response.json(reply.value) : new Response(reply.error.code, { status: 503 });
  };

/** A session needs no token after the login, so that none is requested that the platform would have to guard. */
const withoutRefreshTokens = (scope: string): string =>
  scope
    .split(' ')
    .filter((word) => word !== 'offline_access')
    .join(' ');

/** Redeems codes of the console at the built-in issuer, which may be in another process. */
const redeemOverBus =
  (bus: Bus): RedeemForm =>
  async (form) => {
    const reply = await bus.request(issuerTokenRequest, { form }, bus.own({ timeoutMs: issuerTokenRequest.timeoutMs }));
    return reply.ok
      ? new Response(reply.value.body, {
          status: reply.value.status,
          headers: { 'content-type': 'application/json' },
        })
      : new Response(reply.error.code, { status: 503 });
  };

@Module({ controllers: [DoctorQueries, ProjectionsHandlers, ProjectionsQueries], providers: [Gateway, ServiceStates] })
export class GatewayModule {}
