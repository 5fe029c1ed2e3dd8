import type { AccessLevel } from '../clusters/cluster.events.ts';

/** Namespaces to which a token gives access. */
export interface NamespaceRights {
  readonly namespaces: readonly string[];
  /** With `edit`: namespaces to which the member has read access only. */
  readonly viewNamespaces: readonly string[];
}

/**
 * Returns the namespaces in which a level applies. An editor gets read access only where an application of a protected
 * profile is.
 */
export function namespacesFor(
  level: Exclude<AccessLevel, 'cluster'>,
  claims: readonly { readonly namespace: string; readonly isProtected: boolean }[],
): NamespaceRights {
  const all = [...new Set(claims.map(({ namespace }) => namespace))].sort();
  if (level === 'view') return { namespaces: all, viewNamespaces: [] };
  const closed = new Set(claims.filter(({ isProtected }) => isProtected).map(({ namespace }) => namespace));
  return {
    namespaces: all.filter((namespace) => !closed.has(namespace)),
    viewNamespaces: all.filter((namespace) => closed.has(namespace)),
  };
}
