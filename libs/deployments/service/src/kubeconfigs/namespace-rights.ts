import type { AccessLevel } from '../clusters/cluster.events.ts';

export interface NamespaceRights {
  readonly namespaces: readonly string[];
  /** With `edit`: those in which the member may only look. */
  readonly viewNamespaces: readonly string[];
}

/** In which namespaces a level gives what: an editor only looks where an application of a protected profile is. */
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
