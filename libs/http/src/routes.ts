import type { Contract, Method } from '#bus/contract';

/** A contract with the parts of its route. */
export interface ContractRoute {
  readonly contract: Contract;
  readonly method: Method;
  /** `/v1/organizations/{org}`; label of metrics, key of OpenAPI. */
  readonly template: string;
  /** `/v1/organizations/:org` */
  readonly fastifyPath: string;
  readonly parameters: readonly string[];
}

const ROUTE = /^(GET|POST|PUT|PATCH|DELETE) (\/[A-Za-z0-9_{}./-]*)$/;

/**
 * The routes of those contracts that have one. @throws Error when a route is malformed, stands twice, or names a
 * parameter the contract's input does not have.
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

/** Names of the input's members; undefined when it is not an object schema. */
export function membersOf(contract: Contract): readonly string[] | undefined {
  const { def } = contract.input._zod as unknown as { readonly def: { readonly shape?: object } };
  return def.shape && Object.keys(def.shape);
}

/** Whether requests of this method have a body; what the others do not say in the path is in the query. */
export const takesBody = (method: Method): boolean => method !== 'GET' && method !== 'DELETE';

/**
 * The parameter of the path that names the organization which the contract is about. Undefined when it is about none, or
 * when only the body says it.
 */
export function organizationParameter({ contract, parameters }: ContractRoute): string | undefined {
  if (!contract.organizationOf) return undefined;
  try {
    const named = contract.organizationOf(Object.fromEntries(parameters.map((name) => [name, `{${name}}`])));
    return parameters.find((name) => `{${name}}` === named);
  } catch {
    return undefined; // it reads members that no path has
  }
}

/** Tells which methods a path has, for 405 and its Allow. */
export class RouteTable {
  private readonly entries: { readonly pattern: RegExp; readonly method: string }[];

  constructor(routes: readonly { readonly method: string; readonly template: string }[]) {
    this.entries = routes.map(({ method, template }) => ({
      method,
      pattern: new RegExp(`^${template.replaceAll('.', '\\.').replaceAll(/\{[^}]*\}/g, '[^/]+')}$`),
    }));
  }

  /** @param path without the query. Empty when the path matches no route. */
  methodsAt(path: string): string[] {
    const methods = new Set(this.entries.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method));
    if (methods.has('GET')) methods.add('HEAD');
    return [...methods].sort();
  }
}

/**
 * Whether a raw path stands for itself: no empty, dot or doubly encoded segment, no encoded slash, no `;`, no broken
 * escape. Any other path matches no route, whatever a router might make of it.
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
