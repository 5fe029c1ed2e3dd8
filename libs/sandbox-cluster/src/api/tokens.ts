import { createHmac, timingSafeEqual } from 'node:crypto';
import type { StoreReader } from '../store.ts';

/** Authenticated user of a request, as Kubernetes names users. */
export interface Caller {
  readonly username: string;
  readonly uid?: string;
  readonly groups: readonly string[];
}

/** Group whose members have all permissions. */
export const MASTERS = 'system:masters';
export const AUTHENTICATED = 'system:authenticated';

const ACCOUNT = 'system:serviceaccount:';

/** Returns the groups of a ServiceAccount by its user name; undefined for other users. */
export function groupsOfAccount(username: string): readonly string[] | undefined {
  const [namespace, name, ...more] = username.startsWith(ACCOUNT) ? username.slice(ACCOUNT.length).split(':') : [];
  return namespace === undefined || name === undefined || name === '' || more.length > 0
    ? undefined
    : ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, AUTHENTICATED];
}

/** User name and groups of the sandbox's owner. */
const OWNER: Caller = { username: 'owner', groups: [MASTERS, AUTHENTICATED] };

/** Content of a token. Times are milliseconds since 1970. */
interface TokenBody {
  readonly namespace: string;
  readonly name: string;
  /** UID of the ServiceAccount. A recreated account with the same name does not accept old tokens. */
  readonly uid: string;
  readonly endsMs: number;
}

/** Creates the token of a ServiceAccount: its content and a signature. No server-side state is needed. */
export function makeToken(secret: string, token: TokenBody): string {
  const body = Buffer.from(JSON.stringify(token)).toString('base64url');
  return `sbx.${body}.${sign(secret, body)}`;
}

const sign = (secret: string, body: string): string => createHmac('sha256', secret).update(body).digest('base64url');
const same = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

/** Returns the user of a bearer token; undefined if it is unknown or expired, or if its ServiceAccount was deleted. */
export function callerOf(token: string, secret: string, store: StoreReader, nowMs: number): Caller | undefined {
  if (same(token, secret)) return OWNER;
  const [, body, signature] = /^sbx\.([\w-]+)\.([\w-]+)$/.exec(token) ?? [];
  if (body === undefined || signature === undefined || !same(signature, sign(secret, body))) return undefined;
  // The signature is valid, so this program wrote it.
  const { namespace, name, uid, endsMs } = JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as TokenBody;
  const account = store.get({ resource: 'serviceaccounts', namespace, name });
  if (nowMs >= endsMs || account?.metadata.uid !== uid) return undefined;
  const username = `${ACCOUNT}${namespace}:${name}`;
  return { username, uid, groups: groupsOfAccount(username) ?? [] };
}
