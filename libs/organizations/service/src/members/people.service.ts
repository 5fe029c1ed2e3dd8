import { type AccessSource } from '#access';
import type { Bus, RequestContext } from '#bus';
import { peopleRequest } from '#identity/contract';
import { err, ok, type DomainError, type Result } from '#kernel';
import { organizationErrors } from '../organization.errors.ts';

export interface Person {
  readonly id: string;
  readonly email: string | null;
  readonly name: string | null;
}

/** The user meant by an id or an e-mail address; only people who have logged in once are users. */
export async function resolvePerson(
  bus: Bus,
  access: AccessSource,
  user: string,
  cause: RequestContext,
): Promise<Result<Person, DomainError>> {
  if (user.includes('@')) {
    const found = await bus.request(peopleRequest, { email: user }, bus.own(cause));
    if (!found.ok) return found;
    const person = found.value.people.find(({ erased }) => !erased);
    return person ? ok(person) : err(organizationErrors.noSuchUser(user));
  }
  const directory = await access.current();
  if (!directory.ok) return directory;
  const known = directory.value.users.get(user);
  return known && !known.erased ? ok({ id: user, email: null, name: null }) : err(organizationErrors.noSuchUser(user));
}

/** Names and addresses of people, for a view; those who cannot be found are simply not in it. */
export async function peopleById(
  bus: Bus,
  ids: readonly string[],
  cause: RequestContext,
): Promise<Result<ReadonlyMap<string, Person>, DomainError>> {
  const people = new Map<string, Person>();
  for (let from = 0; from < ids.length; from += 500) {
    const found = await bus.request(peopleRequest, { ids: ids.slice(from, from + 500) }, bus.own(cause));
    if (!found.ok) return found;
    for (const person of found.value.people) people.set(person.id, person);
  }
  return ok(people);
}
