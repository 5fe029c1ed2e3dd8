import { formatSeconds } from '#kernel';
import { decodeText, type Vault } from '#vault';
import type { AdapterPayload } from 'oidc-provider';
import { digest } from './adapter.ts';

/** A session at the issuer: of a browser, or the refresh token of a device or the console. */
export interface IssuerSession {
  readonly id: string;
  /** ID of a browser's session in tokens (claim `sid`). */
  readonly sid: string | null;
  readonly kind: 'browser' | 'refresh-token';
  /** Client of a refresh token. */
  readonly client: string | null;
  /** RFC 3339. */
  readonly startedAt: string | null;
  readonly expiresAt: string | null;
}

/** One session, by ID, or all others. */
type Choice = { readonly only: string } | { readonly except: string };

/** Sessions of accounts. Issued access tokens are valid until they expire. */
export interface IssuerSessions {
  of(accountId: string): Promise<readonly IssuerSession[]>;
  /**
   * Ends one session of the account, or all with their codes and grants, or all but one. With a refresh token, the
   * browser's session that it depends on is kept.
   *
   * @returns number of sessions ended
   */
  end(accountId: string, choice?: Choice): Promise<number>;
  /** Returns whether a browser's session exists. `sid`: as in the console's access tokens. */
  isLive(sid: string): Promise<boolean>;
  /** Ends a browser's session. */
  endBrowser(sid: string): Promise<void>;
}

const KINDS: Readonly<Record<string, IssuerSession['kind']>> = { Session: 'browser', RefreshToken: 'refresh-token' };
/** All records from which a token or a session of an account can be created. */
const MODELS = ['Session', 'RefreshToken', 'AuthorizationCode', 'DeviceCode', 'Interaction', 'Grant'];
/** A concurrent request may store another record, so deletion is repeated. */
const MAX_ROUNDS = 5;

interface Owned {
  readonly name: string;
  readonly model: string;
  readonly id: string;
  readonly payload: AdapterPayload;
}

/**
 * Creates the list of sessions. It reads every record of the issuer, because this is rare, and an index would lack the
 * records of earlier releases.
 */
export function createSessions(vault: Vault): IssuerSessions {
  async function owned(accountId: string, models: readonly string[]): Promise<readonly Owned[]> {
    const found: Owned[] = [];
    for (const model of models) {
      const prefix = `oidc/${model}/`;
      const names: string[] = [];
      for await (const { name } of vault.list(prefix)) names.push(name);
      for (const name of names) {
        const record = await vault.get(name);
        // Written by the adapter and sealed, so that it needs no validation.
        const payload = record && (JSON.parse(decodeText(record.value)) as AdapterPayload);
        if (payload && accountOf(payload) === accountId)
          found.push({ name, model, id: name.slice(prefix.length), payload });
      }
    }
    return found;
  }
  const isUnconsumed = ({ model, payload }: Owned): boolean =>
    KINDS[model] !== undefined && payload.consumed === undefined;

  /** Returns the records of an account that end with a session, with all, or with all but those of one session. */
  async function ending(accountId: string, choice?: Choice): Promise<readonly Owned[]> {
    if (choice && 'only' in choice)
      return (await owned(accountId, Object.keys(KINDS))).filter(({ id }) => id === choice.only);
    const all = await owned(accountId, MODELS);
    const chosen = all.filter(({ model, id }) => KINDS[model] !== undefined && id === choice?.except);
    const kept = all.filter((one) => chosen.includes(one) || chosen.some((token) => isBoundTo(token, one)));
    const grants = kept.flatMap(({ payload }) => grantsOf(payload)).map(digest);
    return all.filter((one) => !kept.includes(one) && !(one.model === 'Grant' && grants.includes(one.id)));
  }

  async function nameOf(sid: string): Promise<string | undefined> {
    const index = await vault.get(`oidc/uid/${digest(sid)}`);
    return index && `oidc/Session/${decodeText(index.value)}`;
  }

  return {
    async isLive(sid) {
      const name = await nameOf(sid);
      return name !== undefined && (await vault.get(name)) !== undefined;
    },
    async endBrowser(sid) {
      const name = await nameOf(sid);
      if (name !== undefined) await vault.delete(name);
    },
    async of(accountId) {
      return (await owned(accountId, Object.keys(KINDS))).filter(isUnconsumed).map(({ model, id, payload }) => ({
        id,
        sid: model === 'Session' ? (payload.uid ?? null) : null,
        kind: KINDS[model] ?? 'browser',
        client: payload.clientId ?? null,
        startedAt: timeOf(payload.loginTs ?? payload.iat),
        expiresAt: timeOf(payload.exp),
      }));
    },
    async end(accountId, choice) {
      const ended = new Set<string>();
      for (let round = 0; round < MAX_ROUNDS; round++) {
        const these = await ending(accountId, choice);
        if (these.length === 0) break;
        for (const one of these) {
          await vault.delete(one.name);
          if (isUnconsumed(one)) ended.add(one.name);
        }
      }
      return ended.size;
    },
  };
}

const accountOf = ({ accountId, result }: AdapterPayload): string | undefined => accountId ?? result?.login?.accountId;

/** Returns whether a refresh token ends with a browser's session. */
const isBoundTo = ({ payload: token }: Owned, { model, payload }: Owned): boolean =>
  model === 'Session' && token.expiresWithSession === true && token.sessionUid === payload.uid;

/** Returns the IDs of the grants of a session. */
const grantsOf = ({ grantId, authorizations = {} }: AdapterPayload): readonly string[] =>
  [grantId, ...Object.values(authorizations).map((client) => client.grantId)].filter((id) => id !== undefined);

const timeOf = (seconds: unknown): string | null =>
  typeof seconds === 'number' ? formatSeconds(seconds * 1_000) : null;
