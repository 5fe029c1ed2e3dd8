import type { Bus, RequestContext } from '#bus';
import { peopleRequest } from '#identity/contract';
import { domainError } from '#kernel';
import type { ListedKey } from './keys.projection.ts';

/**
 * What the owners of keys are called: a person's address, a service member's id. A list does not fail because names
 * cannot be asked; it then shows none.
 */
export async function ownersOf(
  bus: Bus,
  keys: readonly ListedKey[],
  cause: RequestContext,
): Promise<(key: ListedKey) => string | null> {
  const ids = [...new Set(keys.filter(({ memberKind }) => memberKind === 'person').map(({ memberId }) => memberId))];
  const called = new Map<string, string>();
  for (let from = 0; from < ids.length; from += 500) {
    const found = await bus
      .request(peopleRequest, { ids: ids.slice(from, from + 500) }, bus.own(cause))
      .catch(unanswered);
    if (found.ok) for (const { id, email, name } of found.value.people) called.set(id, email ?? name ?? id);
  }
  return ({ memberId, memberKind }) => called.get(memberId) ?? (memberKind === 'service' ? memberId : null);
}

const unanswered = () =>
  ({
    ok: false,
    error: domainError('identity/unavailable', 'unavailable', 'Names cannot be asked at the moment.'),
  }) as const;
