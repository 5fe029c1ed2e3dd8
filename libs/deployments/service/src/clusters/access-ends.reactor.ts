import { ACCESS, directoryEvents, type AccessSource, type DirectoryFact } from '#access';
import type { Reactor } from '#event-sourcing';
import type { DomainError, Recorded, Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { AccessEnds } from './access-ends.service.ts';

type Type =
  | 'organization.member-removed.v1'
  | 'organization.member-role-changed.v1'
  | 'organization.deleted.v1'
  | 'user.suspended.v1'
  | 'user.erased.v1';

/** Ends access to clusters when a membership ends, its role is lowered, or its user is suspended. A sweep ends what this reactor misses. */
@Injectable()
export class AccessEndsReactor implements Reactor<DirectoryFact, Type> {
  readonly name = 'deployments-access-ends.v1';
  readonly events = directoryEvents;
  readonly types = [
    'organization.member-removed.v1',
    'organization.member-role-changed.v1',
    'organization.deleted.v1',
    'user.suspended.v1',
    'user.erased.v1',
  ] as const;

  constructor(
    @Inject(ACCESS) private readonly access: AccessSource,
    @Inject(AccessEnds) private readonly ends: AccessEnds,
  ) {}

  async react({ event, metadata }: Recorded<Extract<DirectoryFact, { readonly type: Type }>>): Promise<void> {
    const id = metadata.stream.slice(metadata.stream.indexOf('-') + 1);
    if (event.type !== 'user.erased.v1' && event.type !== 'user.suspended.v1') {
      const memberId = 'memberId' in event.data ? { memberId: event.data.memberId } : {};
      return recorded(await this.ends.review({ organizationId: id, ...memberId }, metadata, metadata.position));
    }
    const current = await this.access.current(metadata.position);
    if (!current.ok) return recorded(current);
    for (const organizationId of current.value.memberships.get(id) ?? [])
      recorded(await this.ends.review({ organizationId, memberId: id }, metadata, metadata.position));
  }
}

/** Throws unless the end was recorded. If the cluster does not respond, the sweep retries. */
function recorded(outcome: Result<unknown, DomainError>): void {
  if (!outcome.ok) throw new Error(outcome.error.code);
}
