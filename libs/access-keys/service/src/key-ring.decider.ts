import { assertNever, type Actor, type Decider, type Result } from '#kernel';
import { announceExpiry, type AnnounceExpiry } from './announcing/announce-expiry.ts';
import { createKey, type CreateKey } from './issuing/create-key.ts';
import { createLoginKey, type CreateLoginKey } from './issuing/create-login-key.ts';
import { evolve, initialState, type KeyRing } from './key-ring.ts';
import type { KeyError } from './key-ring.errors.ts';
import { keyRingEvents, type KeyRingEvent } from './key-ring.events.ts';
import { setKeyLimits, type SetKeyLimits } from './limits/set-key-limits.ts';
import { revokeKey, revokeKeysOf, type RevokeKey, type RevokeKeysOf } from './revoking/revoke-key.ts';
import { rotateKey, type RotateKey } from './rotating/rotate-key.ts';

export type KeyRingCommand =
  CreateKey | CreateLoginKey | RotateKey | RevokeKey | RevokeKeysOf | SetKeyLimits | AnnounceExpiry;

/** Decides every command about the keys of one organization. Each decision is in a file of its own. */
export const keyRingDecider: Decider<KeyRing, KeyRingCommand, KeyRingEvent, KeyError> = {
  events: keyRingEvents,
  initialState,
  evolve,
  decide,
};

function decide(command: KeyRingCommand, state: KeyRing, actor: Actor): Result<readonly KeyRingEvent[], KeyError> {
  switch (command.type) {
    case 'create-key':
      return createKey(command, state, actor);
    case 'create-login-key':
      return createLoginKey(command, state, actor);
    case 'rotate-key':
      return rotateKey(command, state, actor);
    case 'revoke-key':
      return revokeKey(command, state, actor);
    case 'revoke-keys-of':
      return revokeKeysOf(command, state);
    case 'set-key-limits':
      return setKeyLimits(command, state);
    case 'announce-expiry':
      return announceExpiry(command, state);
    default:
      return assertNever(command);
  }
}
