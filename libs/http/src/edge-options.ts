import type { AccessSource, Principal } from '#access';
import type { Bus } from '#bus';
import type { Contract, RefusalRecorder } from '#bus/contract';
import type { Clock, Ids, Logger } from '#kernel';
import type { FastifyHelmetOptions } from '@fastify/helmet';
import type { Authenticator } from './authentication.ts';
import type { Metrics } from '#metrics';
import type { EdgeMetrics } from './metrics.ts';
import type { ApiDescription } from './openapi.ts';
import type { RouteTable } from './routes.ts';

/** What a process depends on, and whether it answers. */
export interface Readiness {
  readonly ready: boolean;
  /** Subjects that this process serves. */
  readonly contracts: readonly string[];
  readonly dependencies: readonly Dependency[];
}

export interface Dependency {
  readonly name: string;
  readonly ok: boolean;
  readonly detail?: string;
  /** False: the process is ready without it. */
  readonly required?: false;
}

/** Token of a function that says whether the process is ready. */
export const READINESS = Symbol('readiness');

/** Token of the key that signs cursors: 32 bytes, the same in every gateway. */
export const CURSOR_KEY = Symbol('cursor key');

/** How many streams may be open at once, in this process. */
export interface StreamLimits {
  /** Of one access key, or of all logins of one person; 100 when left out. */
  readonly perPrincipal?: number;
  /** Of one organization; 1,000 when left out. */
  readonly perOrganization?: number;
}

/** What every HTTP server of the platform has, with or without an API. */
export interface ServerOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly readiness: () => Promise<Readiness>;
  /** Of the process, to which those of HTTP are added; a registry of its own when left out. */
  readonly metrics?: Metrics;
  /** Called with an access key that was in a URL, whatever the path, so that it can be replaced; must not throw or wait. */
  readonly onLeakedKey?: (key: string) => void;
  /** Open connections of one address; 1,000 when left out. */
  readonly connectionsPerAddress?: number;
  /** Reverse proxies, by address: their connections are not counted. */
  readonly isTrustedProxy?: (address: string) => boolean;
  /** helmet's own options for pages served beside the API (a console, login pages); the API has the strictest ones. */
  readonly helmet?: FastifyHelmetOptions;
}

/** A file that anybody may read, at an address of its own. */
export interface PublicFile {
  /** Path from the root, without parameters. */
  readonly path: string;
  readonly mediaType: string;
  /** Called at the first request; what it gives is kept. Called again at the next request when it fails. */
  read(): Promise<Uint8Array>;
}

export interface EdgeOptions extends ServerOptions {
  /** All contracts; those with a route become routes. */
  readonly contracts: readonly Contract[];
  /** A bus that acts for persons. */
  readonly bus: Bus;
  readonly authenticator: Authenticator;
  /** Decides who may send a body; the service that gets it decides again. */
  readonly access: AccessSource;
  readonly ids: Ids;
  readonly about: ApiDescription;
  /** Signs the cursors of lists: at least 32 bytes, the same in every gateway. */
  readonly cursorKey: Uint8Array;
  /** Requests a minute of one key or login; 600 when left out or undefined. Asked for each request; must not wait. */
  readonly requestsPerMinute?: (principal: Principal) => number | undefined;
  /** Requests a minute without a valid credential from one address; 600 when left out. */
  readonly anonymousPerMinute?: number;
  readonly streams?: StreamLimits;
  /** Told of what is refused here; services tell of what they refuse. */
  readonly refusals?: RefusalRecorder;
  readonly files?: readonly PublicFile[];
  /** Called for each request that a key sent; must not throw or wait. */
  readonly onKeyUsed?: (principal: Principal & { readonly kind: 'key' }) => void;
}

/** What error handlers need to know. */
export interface EdgeParts {
  readonly options: ServerOptions;
  readonly metrics: EdgeMetrics;
  readonly table: RouteTable;
}
