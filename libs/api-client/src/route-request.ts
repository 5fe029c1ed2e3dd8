import type { Contract } from '#bus/contract';

/** What to send for one call. */
export interface RouteRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** JSON; absent when the request has no body. */
  readonly body?: string;
}

/**
 * Method, path, query and body of a contract's route for an input: path parameters first, the rest is query (GET,
 * DELETE) or body. Where one member is the whole body, the others are query. @throws Error for a contract without route, or an input without a path parameter
 */
export function routeRequest(
  contract: Pick<Contract, 'route' | 'subject' | 'body'>,
  input: Readonly<Record<string, unknown>>,
  dryRun: boolean,
): RouteRequest {
  if (!contract.route) throw new Error(`${contract.subject} has no route`);
  const [method = '', template = ''] = contract.route.split(' ');
  const rest = { ...input };
  const path = template.replaceAll(/\{([^}]*)\}/g, (_whole, name: string) => {
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
  const whole = text === '' ? path : `${path}?${text}`;
  if (hasNoBody) return { method, path: whole };
  const body = JSON.stringify(contract.body ? rest[contract.body] : rest);
  return body === undefined ? { method, path: whole } : { method, path: whole, body };
}
