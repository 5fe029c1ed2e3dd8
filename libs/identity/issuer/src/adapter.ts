import { createHash } from 'node:crypto';
import type { Clock } from '#kernel';
import { decodeText, encodeText, type Vault } from '#vault';
import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider';
import { isPending, pendingRecords, type IndexKind } from './pending-records.ts';

/** How long an expired device code is kept, so that a poller receives `expired_token` instead of an unknown code. */
const DEVICE_CODE_RETENTION_MS = 3_600_000;

/** Called before a polled device code is looked up. Throws the error to return to the poller, if any. */
export type PollGate = (deviceCodeDigest: string) => void;

/**
 * Stores the issuer's state (sessions, codes, grants, refresh tokens) in the vault once it belongs to an account. IDs
 * are secrets, so records are named by their digests. Access tokens are signed and not stored.
 */
export function vaultAdapter(vault: Vault, clock: Clock, onPoll: PollGate): AdapterFactory {
  return (model) => createModelAdapter(model, vault, clock, onPoll);
}

/** Returns the name under which the record of a secret ID is stored. */
export const digest = (id: string): string => createHash('sha256').update(id).digest('hex').slice(0, 40);

/** Time to live of records for which the library specifies none. */
const UNLIMITED_MS = Number.MAX_SAFE_INTEGER;

function createModelAdapter(model: string, vault: Vault, clock: Clock, onPoll: PollGate): Adapter {
  const recordName = (idDigest: string): string => `oidc/${model}/${idDigest}`;
  const pending = pendingRecords(model, clock);
  const indexName = (kind: IndexKind, value: string): string => `oidc/${kind}/${digest(value)}`;
  const grantPrefix = (grantId: string): string => `oidc/grant-index/${digest(grantId)}/`;

  async function read(idDigest: string): Promise<AdapterPayload | undefined> {
    const record = await vault.get(recordName(idDigest));
    // Written by `upsert` below and sealed, so that it needs no validation.
    return record && (JSON.parse(decodeText(record.value)) as AdapterPayload);
  }

  async function byIndex(kind: IndexKind, value: string): Promise<AdapterPayload | undefined> {
    const record = pending?.find(kind, value);
    if (record) return record;
    const index = await vault.get(indexName(kind, value));
    return index && read(decodeText(index.value));
  }

  return {
    async upsert(id, payload, expiresInSeconds) {
      const idDigest = digest(id);
      const kept = model === 'DeviceCode' ? DEVICE_CODE_RETENTION_MS : 0;
      if (pending && isPending(payload))
        return pending.put(idDigest, payload, expiresInSeconds ? expiresInSeconds * 1_000 + kept : UNLIMITED_MS);
      const options = expiresInSeconds ? { expiresAtMs: clock.now() + expiresInSeconds * 1_000 + kept } : {};
      await vault.put(recordName(idDigest), encodeText(JSON.stringify(payload)), options);
      if (payload.userCode) await vault.put(indexName('user-code', payload.userCode), encodeText(idDigest), options);
      if (model === 'Session' && payload.uid)
        await vault.put(indexName('uid', payload.uid), encodeText(idDigest), options);
      if (payload.grantId && model !== 'Grant')
        await vault.put(`${grantPrefix(payload.grantId)}${model}/${idDigest}`, encodeText(''), options);
      pending?.delete(idDigest);
    },
    async find(id) {
      const idDigest = digest(id);
      if (model === 'DeviceCode') onPoll(idDigest);
      return pending?.get(idDigest) ?? read(idDigest);
    },
    findByUserCode: (userCode) => byIndex('user-code', userCode),
    findByUid: (uid) => byIndex('uid', uid),
    async consume(id) {
      const record = await vault.get(recordName(digest(id)));
      if (!record) return;
      const payload = JSON.parse(decodeText(record.value)) as AdapterPayload;
      if (payload.consumed !== undefined) throw new Error('a code or token was used twice at the same moment');
      const consumed = { ...payload, consumed: Math.floor(clock.now() / 1_000) };
      const expiresAtMs = payload.exp === undefined ? {} : { expiresAtMs: payload.exp * 1_000 };
      const written = await vault.put(recordName(digest(id)), encodeText(JSON.stringify(consumed)), {
        expected: record.version,
        ...expiresAtMs,
      });
      if (!written.ok) throw new Error('a code or token was used twice at the same moment');
    },
    async destroy(id) {
      const idDigest = digest(id);
      if (!pending?.delete(idDigest)) await vault.delete(recordName(idDigest));
    },
    async revokeByGrantId(grantId) {
      const prefix = grantPrefix(grantId);
      const names: string[] = [];
      for await (const { name } of vault.list(prefix)) names.push(name);
      for (const name of names) {
        const [tokenModel, idDigest] = name.slice(prefix.length).split('/');
        if (tokenModel !== undefined && idDigest !== undefined) await vault.delete(`oidc/${tokenModel}/${idDigest}`);
        await vault.delete(name);
      }
    },
  };
}
