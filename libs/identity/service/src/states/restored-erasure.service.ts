import type { CommandRunner } from '#event-sourcing';
import type { Accounts } from '#identity/issuer';
import type { Clock, CommandContext, DomainError, Ids, Result } from '#kernel';
import type { Vault } from '#vault';
import { ClientAddresses } from '../client-addresses/client-addresses.service.ts';
import { People } from '../people/people.service.ts';
import { userDecider } from '../users/user.decider.ts';
import { userStream } from '../users/user.events.ts';

export interface RestoredErasureOptions {
  readonly commands: CommandRunner;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Undefined if people log in at an external issuer. */
  readonly accounts: Accounts | undefined;
}

/**
 * Erases a person again in engines that were restored from a backup and are not in use yet: records the erasure unless
 * the log contains it, and destroys the personal data. `ErasureReactor` completes it when the platform runs.
 *
 * @param erasedAt RFC 3339
 */
export async function eraseRestored(
  { userId, erasedAt }: { readonly userId: string; readonly erasedAt: string },
  { commands, vault, clock, ids, accounts }: RestoredErasureOptions,
  context: CommandContext,
): Promise<Result<unknown, DomainError>> {
  const erased = await commands.run(userDecider, userStream(userId), { type: 'erase', at: erasedAt }, context);
  if (!erased.ok) return erased;
  const people = new People(vault, ids, clock);
  const person = await people.get(userId);
  if (person) await accounts?.remove(person.subject);
  await new ClientAddresses(vault, ids).erase(userId);
  await people.erase(userId);
  return erased;
}
