import type { Contract, Method } from '#bus/contract';

/** A contract with the parts of its route. */
export interface ContractRoute {
  readonly contract: Contract;
  readonly method: Method;
  /** Such as `/v1/organizations/{org}`; label of metrics, and key in OpenAPI. */
  readonly template: string;
  /** Such as `/v1/organizations/:org`. */
  readonly fastifyPath: string;
  readonly parameters: readonly string[];
}

const ROUTE = /^(GET|POST|PUT|PATCH|DELETE) (\/[A-Za-z0-9_{}./-]*)$/;

/**
 * Returns the routes of contracts that have one.
 *
 * @throws Error if a route is malformed or repeated, or has a parameter that the contract's input does not have
 */
export function routesOf(contracts: readonly Contract[]): ContractRoute[] {
  const seen = new Map<string, string>();
  return contracts.flatMap((contract) => {
    if (!contract.route) return [];
    const [, method, template] = ROUTE.exec(contract.route) ?? [];
    if (!method || !template) throw new Error(`${contract.subject}: ${contract.route} is not a route`);
    const parameters = [...template.matchAll(/\{([A-Za-z][A-Za-z0-9]*)\}/g)].map(([, name]) => name ?? '');
    const members = membersOf(contract);
    const missing = parameters.find((name) => members && !members.includes(name));
    if (missing) throw new Error(`${contract.subject}: the input has no member ${missing} for ${contract.route}`);
    const key = `${method} ${template.replaceAll(/\{[^}]*\}/g, '{}')}`;
    const other = seen.get(key);
    if (other) throw new Error(`${contract.route} is the route of ${other} and ${contract.subject}`);
    seen.set(key, contract.subject);
    return [
      {
        contract,
        method: method as Method,
        template,
        fastifyPath: template.replaceAll(/\{([^}]*)\}/g, ':$1'),
        parameters,
      },
    ];
  });
}

/** Returns the names of the input's members; undefined if it is not an object schema. */
export function membersOf(contract: Contract): readonly string[] | undefined {
  const { def } = contract.input._zod as unknown as { readonly def: { readonly shape?: object } };
  return def.shape && Object.keys(def.shape);
}

/**
 * Returns whether requests of this method have a body. Otherwise, members that are not in the path are in the query.
 */
export const takesBody = (method: Method): boolean => method !== 'GET' && method !== 'DELETE';

/**
 * Returns the path parameter of the contract's organization. Undefined if there is none, or if only the body specifies
 * it.
 */
export function organizationParameter({ contract, parameters }: ContractRoute): string | undefined {
  if (!contract.organizationOf) return undefined;
  try {
    const named = contract.organizationOf(Object.fromEntries(parameters.map((name) => [name, `{${name}}`])));
    return parameters.find((name) => `{${name}}` === named);
  } catch {
    return undefined; // it reads members that are not in the path
  }
}

/** Looks up the methods of a path, for 405 and Allow. */
export class RouteTable {
  private readonly entries: { readonly pattern: RegExp; readonly method: string }[];

  constructor(routes: readonly { readonly method: string; readonly template: string }[]) {
    this.entries = routes.map(({ method, template }) => ({
      method,
      pattern: new RegExp(
        `^${template
          .replaceAll('.', '\\.')
          .replaceAll('*', '.*')
          .replaceAll(/\{[^}]*\}/g, '[^/]+')}$`,
      ),
    }));
  }

  /**
   * Returns the methods of a path; empty if it matches no route.
   *
   * @param path without the query
   */
  methodsAt(path: string): string[] {
    const methods = new Set(this.entries.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method));
    if (methods.has('GET')) methods.add('HEAD');
    return [...methods].sort();
  }
}

/**
 * Returns whether a raw path is unambiguous: no empty, dot, or doubly encoded segment, no encoded slash, no `;`, no
 * invalid escape. Any other path matches no route, however a router might interpret it.
 */
export function isPlainPath(path: string): boolean {
  if (!path.startsWith('/') || path.includes(';') || path.includes('\\')) return false;
  if (path === '/') return true;
  if (!path.includes('%')) return !path.includes('//') && !/\/\.{1,2}(\/|$)/.test(path) && !path.endsWith('/');
  return path
    .slice(1)
    .split('/')
    .every((segment) => {
      try {
        const decoded = decodeURIComponent(segment);
        return decoded !== '' && decoded !== '.' && decoded !== '..' && !/[/\\%;]/.test(decoded);
      } catch {
        return false;
      }
    });
}
