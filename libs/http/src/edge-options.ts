import type { AccessSource, Principal } from '#access';
import type { Bus } from '#bus';
import type { Contract } from '#bus/contract';
import type { Clock, Ids, Logger } from '#kernel';
import type { FastifyHelmetOptions } from '@fastify/helmet';
import type { Authenticator } from './authentication.ts';
import type { EdgeMetrics } from './metrics.ts';
import type { ApiDescription } from './openapi.ts';
import type { RouteTable } from './routes.ts';

/** What a process depends on, and whether it answers. */
export interface Readiness {
  readonly ready: boolean;
  /** Subjects that are served (in this process, or as the gateway sees them). */
  readonly contracts: readonly string[];
  readonly dependencies: readonly { readonly name: string; readonly ok: boolean; readonly detail?: string }[];
}

export interface EdgeOptions {
  /** All contracts; those with a route become routes. */
  readonly contracts: readonly Contract[];
  /** A bus that acts for persons. */
  readonly bus: Bus;
  readonly authenticator: Authenticator;
  /** Decides who may send a body; the service that gets it decides again. */
  readonly access: AccessSource;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly about: ApiDescription;
  readonly readiness: () => Promise<Readiness>;
  readonly metrics?: EdgeMetrics;
  /** Signs the cursors of lists: at least 32 bytes, the same in every gateway. Left out: one that ends with the process. */
  readonly cursorKey?: Uint8Array;
  /** Requests a minute of one key or login; 600 when left out or undefined. Asked for each request; must not wait. */
  readonly requestsPerMinute?: (principal: Principal) => number | undefined;
  /** Requests a minute without a valid credential from one address; 600 when left out. */
  readonly anonymousPerMinute?: number;
  /** Open connections of one address; 1,000 when left out. Behind a reverse proxy all have the proxy's address. */
  readonly connectionsPerAddress?: number;
  /** helmet's own options for pages served beside the API (a console, login pages); the API has the strictest ones. */
  readonly helmet?: FastifyHelmetOptions;
  /** Called for each request that a key sent; must not throw or wait. */
  readonly onKeyUsed?: (principal: Principal & { readonly kind: 'key' }) => void;
  /** Called with an access key that stood in a URL, so that it can be revoked; must not throw or wait. */
  readonly onLeakedKey?: (key: string) => void;
}

/** What error handlers need to know. */
export interface EdgeParts {
  readonly options: EdgeOptions;
  readonly metrics: EdgeMetrics;
  readonly table: RouteTable;
}
