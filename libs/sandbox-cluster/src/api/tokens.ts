import { createHmac, timingSafeEqual } from 'node:crypto';
import type { StoreReader } from '../store.ts';

/** Who sends a request, as Kubernetes names users. */
export interface Caller {
  readonly username: string;
  readonly uid?: string;
  readonly groups: readonly string[];
}

/** Whoever is in it may do everything. */
export const MASTERS = 'system:masters';
export const AUTHENTICATED = 'system:authenticated';

const ACCOUNT = 'system:serviceaccount:';

/** Groups that a ServiceAccount is in by its name; undefined for other users. */
export function groupsOfAccount(username: string): readonly string[] | undefined {
  const [namespace, name, ...more] = username.startsWith(ACCOUNT) ? username.slice(ACCOUNT.length).split(':') : [];
  return namespace === undefined || name === undefined || name === '' || more.length > 0
    ? undefined
    : ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, AUTHENTICATED];
}

/** The sandbox's owner, or a ServiceAccount. */
const OWNER: Caller = { username: 'owner', groups: [MASTERS, AUTHENTICATED] };

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
  if (same(token, secret)) return OWNER;
  const [, body, signature] = /^sbx\.([\w-]+)\.([\w-]+)$/.exec(token) ?? [];
  if (body === undefined || signature === undefined || !same(signature, sign(secret, body))) return undefined;
  const { namespace, name, uid, endsMs } = JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as TokenBody; // signed by ourselves
  const account = store.get({ resource: 'serviceaccounts', namespace, name });
  if (nowMs >= endsMs || account?.metadata.uid !== uid) return undefined;
  const username = `${ACCOUNT}${namespace}:${name}`;
  return { username, uid, groups: groupsOfAccount(username) ?? [] };
}
