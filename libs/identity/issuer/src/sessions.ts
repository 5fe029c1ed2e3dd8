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

/** Sessions of accounts. Issued access tokens are valid until they expire. */
export interface IssuerSessions {
  of(accountId: string): Promise<readonly IssuerSession[]>;
  /**
   * Ends one session, or all sessions with all codes and grants of the account.
   *
   * @returns number of sessions ended
   */
  end(accountId: string, id?: string): Promise<number>;
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
    async end(accountId, id) {
      const ended = new Set<string>();
      for (let round = 0; round < MAX_ROUNDS; round++) {
        const all = await owned(accountId, id === undefined ? MODELS : Object.keys(KINDS));
        const these = id === undefined ? all : all.filter((one) => one.id === id);
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

const timeOf = (seconds: unknown): string | null =>
  typeof seconds === 'number' ? formatSeconds(seconds * 1_000) : null;
