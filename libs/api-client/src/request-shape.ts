import type { CallerInputOf, Contract, Method } from '#bus/contract';

/** A contract's input laid out for HTTP. */
export interface RequestShape {
  readonly method: Method;
  /** Path and query, beginning with `/`. */
  readonly target: string;
  /** Absent for GET and DELETE. */
  readonly body?: unknown;
}

/**
 * Lays an input out as the contract's route says: what the path names goes into it, the rest is query (GET, DELETE) or body.
 * @throws Error for a contract without a route: it is not reachable over HTTP
 */
export function shapeRequest<C extends Contract>(contract: C, input: CallerInputOf<C>): RequestShape {
  const [method, path] = (contract.route ?? '').split(' ');
  if (!isMethod(method) || path === undefined) throw new Error(`${contract.subject} has no route`);
  const rest = new Map(Object.entries(typeof input === 'object' && input !== null ? input : {}));
  const filled = path.replace(/\{([^}]+)\}/g, (_, name: string) => {
    const value = rest.get(name);
    rest.delete(name);
    return encodeURIComponent(String(value));
  });
  if (method === 'GET' || method === 'DELETE') {
    const query = new URLSearchParams();
    for (const [name, value] of rest)
      if (value !== undefined) query.set(name, typeof value === 'object' ? JSON.stringify(value) : String(value));
    const text = query.toString();
    return { method, target: text === '' ? filled : `${filled}?${text}` };
  }
  return {
    method,
    target: filled,
    body: contract.body === undefined ? Object.fromEntries(rest) : rest.get(contract.body),
  };
}

const isMethod = (text: string | undefined): text is Method =>
  text === 'GET' || text === 'POST' || text === 'PUT' || text === 'PATCH' || text === 'DELETE';
