import { assertNever, err, ok, type Decider, type EventFamily, type Fact, type Result } from '#kernel';
import { identityErrors, type IdentityError } from '../identity.errors.ts';

/** Events of the password of an account. Stream: `passwords-<account ID>`. */
export type PasswordEvent =
  /** A new link replaces an earlier one. `tokenDigest` is the lower-case hex SHA-256 of its secret. */
  | Fact<'password-link.created.v1', { readonly tokenDigest: string; readonly expiresAt: string }>
  | Fact<'password-link.used.v1', { readonly tokenDigest: string }>;

/** Returns the stream of the password of an account. */
export const passwordStream = (accountId: string): string => `passwords-${accountId}`;

/** The links of an account: the present one, and the digests of those that were used. */
export interface PasswordLinks {
  readonly current: { readonly tokenDigest: string; readonly expiresAtMs: number } | undefined;
  readonly used: ReadonlySet<string>;
}

export type PasswordCommand =
  /** Authorization was decided by the guard: a global admin who is logged in. */
  | { readonly type: 'create-link'; readonly tokenDigest: string; readonly expiresAt: string }
  | { readonly type: 'use-link'; readonly tokenDigest: string; readonly nowMs: number };

const passwordEvents: EventFamily<PasswordEvent> = {
  categories: ['passwords'],
  types: { 'password-link.created.v1': true, 'password-link.used.v1': true },
};

export const passwordDecider: Decider<PasswordLinks, PasswordCommand, PasswordEvent, IdentityError> = {
  events: passwordEvents,
  initialState: { current: undefined, used: new Set() },
  evolve(state, event) {
    const { tokenDigest } = event.data;
    switch (event.type) {
      case 'password-link.created.v1':
        return { ...state, current: { tokenDigest, expiresAtMs: Date.parse(event.data.expiresAt) } };
      case 'password-link.used.v1':
        return { current: undefined, used: new Set([...state.used, tokenDigest]) };
      default:
        return assertNever(event);
    }
  },
  decide(command, state) {
    const { tokenDigest } = command;
    switch (command.type) {
      case 'create-link':
        return ok([{ type: 'password-link.created.v1', data: { tokenDigest, expiresAt: command.expiresAt } }]);
      case 'use-link':
        return useLink(tokenDigest, command.nowMs, state);
      default:
        return assertNever(command);
    }
  },
};

function useLink(
  tokenDigest: string,
  nowMs: number,
  { current, used }: PasswordLinks,
): Result<readonly PasswordEvent[], IdentityError> {
  if (used.has(tokenDigest)) return err(identityErrors.linkUsed());
  if (current?.tokenDigest !== tokenDigest) return err(identityErrors.noSuchLink());
  if (nowMs >= current.expiresAtMs) return err(identityErrors.linkExpired());
  return ok([{ type: 'password-link.used.v1', data: { tokenDigest } }]);
}
