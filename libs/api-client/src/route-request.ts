import type { Contract } from '#bus/contract';

/** A request to send. */
export interface RouteRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** JSON; absent if the request has no body. */
  readonly body?: string;
}

/**
 * Builds the request of a contract's route for an input: path parameters first; the other members become the query
 * (GET, DELETE) or the body. If one member is the complete body, the others become the query.
 *
 * @throws Error if the contract has no route, or the input lacks a path parameter
 */
export function routeRequest(
  contract: Pick<Contract, 'route' | 'subject' | 'body'>,
  input: Readonly<Record<string, unknown>>,
  dryRun: boolean,
): RouteRequest {
  if (!contract.route) throw new Error(`${contract.subject} has no route`);
  const [method = '', template = ''] = contract.route.split(' ');
  const rest = { ...input };
  const path = template.replaceAll(/\{([^}]*)\}/g, (_match, name: string) => {
    const value = rest[name];
    if (value === undefined || value === null || value === '') throw new Error(`${contract.subject} needs ${name}`);
    delete rest[name];
    return encodeURIComponent(String(value));
  });
  const query = new URLSearchParams();
  const hasNoBody = method === 'GET' || method === 'DELETE';
  if (hasNoBody || contract.body) {
    for (const [name, value] of Object.entries(rest).filter(([name]) => name !== contract.body))
      for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) query.append(name, String(one));
  }
  if (dryRun) query.set('dryRun', 'true');
  const text = query.toString();
  const url = text === '' ? path : `${path}?${text}`;
  if (hasNoBody) return { method, path: url };
  const body = JSON.stringify(contract.body ? rest[contract.body] : rest);
  return body === undefined ? { method, path: url } : { method, path: url, body };
}
