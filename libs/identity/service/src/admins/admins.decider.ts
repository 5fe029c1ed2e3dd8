import { assertNever, err, ok, type Actor, type Decider, type EventFamily, type Fact, type Result } from '#kernel';
import { identityErrors, type IdentityError } from '../identity.errors.ts';

/** Events of the set of global admins: one stream, which can ensure that at least one remains. */
export type AdminsEvent =
  | Fact<'global-admin.granted.v1', { readonly userId: string }>
  | Fact<'global-admin.withdrawn.v1', { readonly userId: string }>;

export const ADMINS_STREAM = 'admins-platform';

export const adminsEvents: EventFamily<AdminsEvent> = {
  categories: ['admins'],
  types: { 'global-admin.granted.v1': true, 'global-admin.withdrawn.v1': true },
};

export type AdminsCommand =
  | { readonly type: 'grant-admin'; readonly userId: string }
  | { readonly type: 'withdraw-admin'; readonly userId: string };

export const adminsDecider: Decider<ReadonlySet<string>, AdminsCommand, AdminsEvent, IdentityError> = {
  events: adminsEvents,
  initialState: new Set(),
  evolve,
  decide,
};

function evolve(admins: ReadonlySet<string>, event: AdminsEvent): ReadonlySet<string> {
  const changed = new Set(admins);
  switch (event.type) {
    case 'global-admin.granted.v1':
      return changed.add(event.data.userId);
    case 'global-admin.withdrawn.v1':
      changed.delete(event.data.userId);
      return changed;
    default:
      return assertNever(event);
  }
}

/**
 * Accepts only a global admin with a login, according to this stream and not to a copy; at first logins, the platform.
 */
function decide(
  command: AdminsCommand,
  admins: ReadonlySet<string>,
  actor: Actor,
): Result<readonly AdminsEvent[], IdentityError> {
  const { userId } = command;
  if (actor.key !== undefined) return err(identityErrors.loginRequired());
  if (actor.kind !== 'system' && !admins.has(actor.id)) return err(identityErrors.notAdmin());
  switch (command.type) {
    case 'grant-admin':
      return ok(admins.has(userId) ? [] : [{ type: 'global-admin.granted.v1', data: { userId } }]);
    case 'withdraw-admin':
      if (!admins.has(userId)) return ok([]);
      return admins.size === 1
        ? err(identityErrors.lastAdmin())
        : ok([{ type: 'global-admin.withdrawn.v1', data: { userId } }]);
    default:
      return assertNever(command);
  }
}
