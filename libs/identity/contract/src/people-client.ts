import type { Bus, OutputOf, RequestContext } from '#bus/contract';
import { ok, type DomainError, type Result } from '#kernel';
import { peopleRequest } from './users.contract.ts';

export type Person = OutputOf<typeof peopleRequest>['people'][number];

/** People that one request may ask for. */
const AT_ONCE = 500;

/** Names and addresses of people by user id, for a view; ids that are nobody's are not in it. */
export async function peopleById(
  bus: Bus,
  ids: readonly string[],
  cause: RequestContext,
): Promise<Result<ReadonlyMap<string, Person>, DomainError>> {
  const people = new Map<string, Person>();
  for (let from = 0; from < ids.length; from += AT_ONCE) {
    const found = await bus.request(peopleRequest, { ids: ids.slice(from, from + AT_ONCE) }, bus.own(cause));
    if (!found.ok) return found;
    for (const person of found.value.people) people.set(person.id, person);
  }
  return ok(people);
}
