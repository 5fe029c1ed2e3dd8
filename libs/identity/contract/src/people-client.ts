import type { Bus, OutputOf, RequestContext } from '#bus/contract';
import { ok, type DomainError, type Result } from '#kernel';
import { peopleRequest } from './users.contract.ts';

export type Person = OutputOf<typeof peopleRequest>['people'][number];

/** Maximum number of people in one request. */
const MAX_PEOPLE = 500;

/** Returns names and addresses by user ID, for views. IDs that are not those of users are omitted. */
export async function peopleById(
  bus: Bus,
  ids: readonly string[],
  cause: RequestContext,
): Promise<Result<ReadonlyMap<string, Person>, DomainError>> {
  const people = new Map<string, Person>();
  for (let from = 0; from < ids.length; from += MAX_PEOPLE) {
    const found = await bus.request(peopleRequest, { ids: ids.slice(from, from + MAX_PEOPLE) }, bus.own(cause));
    if (!found.ok) return found;
    for (const person of found.value.people) people.set(person.id, person);
  }
  return ok(people);
}
