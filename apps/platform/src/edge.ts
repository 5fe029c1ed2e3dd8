import { hkdfSync } from 'node:crypto';
import type { Bus } from '#bus';
import type { Contract } from '#bus/contract';
import { keysUsedRequest } from '#access-keys/contract';
import { createRequestRates } from '#billing/rest';
import type { EventSourcing } from '#event-sourcing';
import {
  Authenticator,
  AccessTokens,
  IssuerKeys,
  mountEdge,
  type EdgeOptions,
  type Fetch,
  type Readiness,
} from '#http';
import { createLogins } from '#identity/rest';
import type { Issuer } from '#identity/issuer';
import { VERSION, type Clock, type Ids, type Logger } from '#kernel';
import type { Configuration, Engines } from '#runtime';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

export interface EdgeParts {
  readonly configuration: Configuration;
  readonly engines: Engines;
  readonly eventSourcing: EventSourcing;
  /** Acts for persons. */
  readonly bus: Bus;
  /** Absent with an external issuer. */
  readonly issuer: Issuer | undefined;
  readonly issuerUrl: string;
  readonly audience: string;
  readonly served: readonly Contract[];
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Logger;
}

/** How often the use of keys is told to their context; the views show minutes. */
const TELL_USE_MS = 20_000;

/** Puts REST, health, metrics and OpenAPI onto the application. @returns stops what runs beside it */
export function mountGateway(app: NestFastifyApplication, parts: EdgeParts): () => void {
  const { configuration, engines, eventSourcing, bus, issuer, issuerUrl, audience, served, clock, ids, log } = parts;
  const keys = new IssuerKeys({ issuer: issuerUrl, fetch: issuer ? ownKeys(issuer) : fetch, clock, logger: log });
  const authenticator = new Authenticator({
    access: eventSourcing.access,
    clock,
    tokens: new AccessTokens({ issuer: issuerUrl, audience, keys, clock, logger: log }),
    logins: createLogins({ bus, clock }),
    emailClaim: configuration.emailClaim,
    ...(!issuer && { userinfo: { keys, fetch } }),
  });
  const used = new Map<string, { organizationId: string; keyId: string; at: string }>();
  const telling = setInterval(() => {
    if (used.size === 0) return;
    const list = [...used.values()].slice(0, 500);
    used.clear();
    void bus.request(keysUsedRequest, { used: list }, bus.own({}));
  }, TELL_USE_MS);
  telling.unref();

  const options: EdgeOptions = {
    contracts: served,
    bus,
    authenticator,
    access: eventSourcing.access,
    clock,
    ids,
    logger: log,
    about: { title: 'Astro Platform', version: VERSION },
    readiness: async (): Promise<Readiness> => {
      const access = await eventSourcing.access.current();
      const dependencies = [
        { name: 'event store', ok: access.ok, ...(!access.ok && { detail: access.error.code }) },
        ...eventSourcing.problems().map((detail) => ({ name: 'event log', ok: false, detail })),
        { name: 'bus', ok: engines.transport.connected() },
      ];
      return {
        ready: dependencies.every(({ ok }) => ok),
        contracts: served.map(({ subject }) => subject).toSorted(),
        dependencies,
      };
    },
    cursorKey: new Uint8Array(hkdfSync('sha256', engines.callerKeys[0].key, '', 'cursors of lists', 32)),
    requestsPerMinute: createRequestRates({ bus, clock }),
    onKeyUsed: ({ organizationId, keyId }) =>
      void used.set(keyId, { organizationId, keyId, at: new Date(clock.now()).toISOString() }),
  };
  mountEdge(app, options);
  return () => clearInterval(telling);
}

/** The built-in issuer's keys, without a request to ourselves. */
const ownKeys =
  (issuer: Issuer): Fetch =>
  (url) =>
    Promise.resolve(
      Response.json(
        url.endsWith('/.well-known/openid-configuration')
          ? { issuer: issuer.issuer, jwks_uri: `${issuer.issuer}/jwks` }
          : issuer.jwks(),
      ),
    );
