import type { AccessSource, Principal } from '#access';
import type { Bus } from '#bus';
import type { Contract, RefusalRecorder } from '#bus/contract';
import type { Clock, Ids, Logger } from '#kernel';
import type { FastifyHelmetOptions } from '@fastify/helmet';
import type { FastifyInstance } from 'fastify';
import type { Authenticator } from './authentication.ts';
import type { Metrics } from '#metrics';
import type { EdgeMetrics } from './metrics.ts';
import type { ApiDescription } from './openapi.ts';
import type { RequestCounts } from './request-counts.ts';
import type { RouteTable } from './routes.ts';

/** Readiness of a process: its dependencies and whether they respond. */
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
  /** If false, the process is ready without this dependency. */
  readonly required?: false;
}

/** Injection token of a function that returns whether the process is ready. */
export const READINESS = Symbol('readiness');

/** Injection token of the key that signs cursors: 32 bytes, the same in every gateway. */
export const CURSOR_KEY = Symbol('cursor key');

/** Maximum numbers of simultaneously open streams in this process. */
export interface StreamLimits {
  /** For one access key, or all logins of one person. Default: 100. */
  readonly perPrincipal?: number;
  /** For one organization. Default: 1,000. */
  readonly perOrganization?: number;
}

/** Options of every HTTP server of the platform, with or without an API. */
export interface ServerOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly readiness: () => Promise<Readiness>;
  /** Registry to which the metrics of HTTP are added. Default: a new one. */
  readonly metrics?: Metrics;
  /** Called with an access key that was in any URL, so that it can be reported. Must not throw or wait. */
  readonly onLeakedKey?: (key: string) => void;
  /** Whom to ask for what only a global admin can do: an address or a URL. */
  readonly contact?: string;
  /** Maximum number of open connections of one address. Default: 1,000. */
  readonly connectionsPerAddress?: number;
  /** Returns whether an address is a trusted reverse proxy, whose connections are not counted. */
  readonly isTrustedProxy?: (address: string) => boolean;
  /** Options of helmet for pages (console, login). The API always has the strictest headers. */
  readonly helmet?: FastifyHelmetOptions;
}

/** A public file with a path of its own. */
export interface PublicFile {
  /** Path from the root, without parameters. */
  readonly path: string;
  readonly mediaType: string;
  /** Returns the content. Called at the first request and cached; after an error, called again at the next request. */
  read(): Promise<Uint8Array>;
}

/** Routes for browsers, outside of the API. */
export interface BrowserPages {
  /** For 405 and `Allow`. */
  readonly routes: readonly { readonly method: string; readonly template: string }[];
  /** Adds the routes to a scope in which errors that are thrown are answered. */
  mount(scope: FastifyInstance): Promise<void> | void;
}

export interface EdgeOptions extends ServerOptions {
  /** All contracts. Those with a route are served. */
  readonly contracts: readonly Contract[];
  /** A bus that sends requests on behalf of people. */
  readonly bus: Bus;
  readonly authenticator: Authenticator;
  /** Authorizes requests before their body is read. The service authorizes them again. */
  readonly access: AccessSource;
  readonly ids: Ids;
  readonly about: ApiDescription;
  /** Signs the cursors of lists: at least 32 bytes, the same in every gateway. */
  readonly cursorKey: Uint8Array;
  /** Requests per minute of a key or login; undefined: 600. Called for each request; must not wait. */
  readonly requestsPerMinute?: (principal: Principal) => number | undefined;
  /** Counts requests with other gateways. Default: by itself. */
  readonly requestCounts?: RequestCounts;
  /** Requests per minute without a valid credential from one address. Default: 600. */
  readonly anonymousPerMinute?: number;
  readonly streams?: StreamLimits;
  /** Records requests that the edge denies. Services record those that they deny. */
  readonly refusals?: RefusalRecorder;
  readonly files?: readonly PublicFile[];
  /** Routes for browsers, outside of the API. */
  readonly pages?: readonly BrowserPages[];
  /**
   * Returns the ID of the record that holds a person's address. Called for changes; must not reject. Absent: events
   * contain the network only.
   */
  readonly addressRecordOf?: (userId: string, address: string) => Promise<string | undefined>;
  /** Called for each request with a key. Must not throw or wait. */
  readonly onKeyUsed?: (principal: Principal & { readonly kind: 'key' }) => void;
}

/** Dependencies of the error handlers. */
export interface EdgeParts {
  readonly options: ServerOptions;
  readonly metrics: EdgeMetrics;
  readonly table: RouteTable;
}
