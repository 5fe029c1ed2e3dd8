import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Json } from '#kernel';
import { isObject, type StoreReader } from '../store.ts';

/** Who sends a request: the sandbox's owner, or a ServiceAccount with what its bindings give. */
export type Caller =
  { readonly kind: 'owner' } | { readonly kind: 'account'; readonly namespace: string; readonly name: string };

/** Whose a token is, and until when: milliseconds since 1970. */
interface TokenBody {
  readonly namespace: string;
  readonly name: string;
  /** Of the account: one that is made again under the same name is another, and old tokens are not its own. */
  readonly uid: string;
  readonly endsMs: number;
}

/** A token of a ServiceAccount: who, until when and a signature. Nothing has to be stored for it. */
export function makeToken(secret: string, token: TokenBody): string {
  const body = Buffer.from(JSON.stringify(token)).toString('base64url');
  return `sbx.${body}.${sign(secret, body)}`;
}

const sign = (secret: string, body: string): string => createHmac('sha256', secret).update(body).digest('base64url');
const same = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

/** Whose a bearer token is; undefined for one that is not of this sandbox, has ended, or whose account is gone. */
export function callerOf(token: string, secret: string, store: StoreReader, nowMs: number): Caller | undefined {
  if (same(token, secret)) return { kind: 'owner' };
  const [, body, signature] = /^sbx\.([\w-]+)\.([\w-]+)$/.exec(token) ?? [];
  if (body === undefined || signature === undefined || !same(signature, sign(secret, body))) return undefined;
  const { namespace, name, uid, endsMs } = JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as TokenBody; // signed by ourselves
  const account = store.get({ resource: 'serviceaccounts', namespace, name });
  return nowMs < endsMs && account !== undefined && account.metadata.uid === uid
    ? { kind: 'account', namespace, name }
    : undefined;
}

const READING = new Set(['get', 'list', 'watch']);
/** What `edit` does not give: rights themselves, and what belongs to the cluster. */
const NOT_FOR_EDITORS = new Set([
  'roles',
  'rolebindings',
  'clusterroles',
  'clusterrolebindings',
  'resourcequotas',
  'limitranges',
  'namespaces',
  'nodes',
  'serviceaccounts',
]);

/** Whether a caller may do `verb` to a resource of a namespace ('' for all of the cluster). */
export function mayDo(store: StoreReader, caller: Caller, verb: string, resource: string, namespace: string): boolean {
  if (caller.kind === 'owner') return true;
  const plural = resource.split('.')[0] ?? resource;
  return rolesOf(store, caller, namespace).some((role) => {
    if (role === 'cluster-admin' || role === 'admin') return true;
    if (READING.has(verb)) return role === 'edit' || (role === 'view' && plural !== 'secrets');
    return role === 'edit' && !NOT_FOR_EDITORS.has(plural);
  });
}

/** Cluster roles that bindings give a ServiceAccount, in the whole cluster and in one namespace. */
function rolesOf(
  store: StoreReader,
  { namespace, name }: Caller & { readonly kind: 'account' },
  within: string,
): string[] {
  const isSubject = (subject: Json): boolean =>
    isObject(subject) &&
    subject['kind'] === 'ServiceAccount' &&
    subject['namespace'] === namespace &&
    subject['name'] === name;
  const bindings = [
    ...store.list('clusterrolebindings.rbac.authorization.k8s.io'),
    ...(within === '' ? [] : store.list('rolebindings.rbac.authorization.k8s.io', { namespace: within })),
  ];
  return bindings.flatMap((binding) => {
    const subjects = Array.isArray(binding['subjects']) ? (binding['subjects'] as readonly Json[]) : [];
    const role = isObject(binding['roleRef']) ? binding['roleRef']['name'] : undefined;
    return subjects.some(isSubject) && typeof role === 'string' ? [role] : [];
  });
}
