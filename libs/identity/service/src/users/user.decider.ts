import type { GlobalRole } from '#access';
import { assertNever, err, ok, type Decider, type Result } from '#kernel';
import { identityErrors, type IdentityError } from '../identity.errors.ts';
import { userEvents, type UserEvent } from './user.events.ts';

export type User =
  | { readonly status: 'absent' }
  | {
      readonly status: 'active';
      readonly globalRole: GlobalRole;
      /**
       * Whether the role was set after registration. Then the list of admins in the configuration no longer applies.
       */
      readonly isRoleDecided: boolean;
      readonly isSuspended: boolean;
    }
  | {
      readonly status: 'erased';
      /** RFC 3339; absent in events of earlier releases. */
      readonly at?: string;
    };

export type UserCommand =
  | { readonly type: 'register'; readonly globalRole: GlobalRole }
  /** Authorization, and that at least one admin remains, was decided in the stream of global admins. */
  | { readonly type: 'set-global-role'; readonly globalRole: GlobalRole }
  | { readonly type: 'set-state'; readonly state: 'ACTIVE' | 'SUSPENDED' }
  /** `at`: RFC 3339. */
  | { readonly type: 'erase'; readonly at: string };

export const userDecider: Decider<User, UserCommand, UserEvent, IdentityError> = {
  events: userEvents,
  initialState: { status: 'absent' },
  evolve,
  decide,
};

function evolve(state: User, event: UserEvent): User {
  switch (event.type) {
    case 'user.registered.v1':
      return { status: 'active', globalRole: event.data.globalRole, isRoleDecided: false, isSuspended: false };
    case 'user.global-role-set.v1':
      return state.status === 'active' ? { ...state, globalRole: event.data.globalRole, isRoleDecided: true } : state;
    case 'user.suspended.v1':
    case 'user.restored.v1':
      return state.status === 'active' ? { ...state, isSuspended: event.type === 'user.suspended.v1' } : state;
    case 'user.erased.v1':
      return { status: 'erased', ...event.data };
    default:
      return assertNever(event);
  }
}

function decide(command: UserCommand, state: User): Result<readonly UserEvent[], IdentityError> {
  if (command.type === 'erase')
    return state.status === 'active' ? ok([{ type: 'user.erased.v1', data: { at: command.at } }]) : ok([]);
  if (state.status === 'erased') return err(identityErrors.erased());
  switch (command.type) {
    case 'register':
      return ok(
        state.status === 'absent' ? [{ type: 'user.registered.v1', data: { globalRole: command.globalRole } }] : [],
      );
    case 'set-global-role':
      return ok(
        state.status === 'absent' || state.globalRole === command.globalRole
          ? []
          : [{ type: 'user.global-role-set.v1', data: { globalRole: command.globalRole } }],
      );
    case 'set-state':
      if (state.status === 'absent') return err(identityErrors.noSuchUser());
      if (state.isSuspended === (command.state === 'SUSPENDED')) return ok([]);
      return ok([{ type: state.isSuspended ? 'user.restored.v1' : 'user.suspended.v1', data: {} }]);
    default:
      return assertNever(command);
  }
}
