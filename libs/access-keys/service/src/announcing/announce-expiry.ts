import type { DirectoryKey } from '#access';
import { ok, type Result } from '#kernel';
import type { KeyError } from '../key-ring.errors.ts';
import type { KeyRingEvent } from '../key-ring.events.ts';
import type { KeyRing } from '../key-ring.ts';

/** Milliseconds before its end at which the owner of a key is told. */
const NOTICE_MS = 7 * 86_400_000;

/** Command: record that the people who can replace a key were told that it ends soon. */
export interface AnnounceExpiry {
  readonly type: 'announce-expiry';
  readonly keyId: string;
  readonly createdAtMs: number;
  readonly nowMs: number;
}

/** Records the announcement, once for each key. Records nothing for a key about which nobody needs to be told. */
export const announceExpiry = (command: AnnounceExpiry, ring: KeyRing): Result<readonly KeyRingEvent[], KeyError> =>
  ok(
    needsAnnouncement(command, ring)
      ? [{ type: 'access-key.expiry-announced.v1', data: { keyId: command.keyId } }]
      : [],
  );

/**
 * Whether somebody has to be told that a key ends. Not for keys of logins, which the next login replaces, for keys that
 * were already replaced, and for those that lived no longer than the notice: whoever created one knows its end.
 */
export function needsAnnouncement({ keyId, createdAtMs, nowMs }: Omit<AnnounceExpiry, 'type'>, ring: KeyRing): boolean {
  const key = ring.keys.get(keyId);
  return (
    key !== undefined &&
    !key.isExpiryAnnounced &&
    key.replacedBy === undefined &&
    key.created.source !== 'login' &&
    createdAtMs < key.expiresAtMs - NOTICE_MS &&
    isEndingSoon(key, nowMs)
  );
}

/** Whether a key still works, and ends within the notice. */
export const isEndingSoon = ({ expiresAtMs }: Pick<DirectoryKey, 'expiresAtMs'>, nowMs: number): boolean =>
  nowMs < expiresAtMs && expiresAtMs - NOTICE_MS <= nowMs;
