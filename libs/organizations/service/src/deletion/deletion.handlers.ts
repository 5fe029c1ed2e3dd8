import { ACCESS, type AccessSource } from '#access';
import { Caller, Input, reply, Serves, type ContextOf, type ReplyTo } from '#bus';
import type { InputOf, OutputOf } from '#bus/contract';
import { MAX_LISTED } from '#deployments/contract';
import { CLOCK, ok, type Clock } from '#kernel';
import { deleteOrganizationRequest } from '#organizations/contract';
import { Controller, Inject } from '@nestjs/common';
import { OrganizationDeletion } from './deletion.service.ts';

type Deletes = OutputOf<typeof deleteOrganizationRequest>['deletes'];

@Controller()
export class DeletionHandlers {
  constructor(
    @Inject(OrganizationDeletion) private readonly deletion: OrganizationDeletion,
    @Inject(ACCESS) private readonly access: AccessSource,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Serves(deleteOrganizationRequest)
  async delete(
    @Input() { cascade, orphan }: InputOf<typeof deleteOrganizationRequest>,
    @Caller() context: ContextOf<typeof deleteOrganizationRequest>,
  ): Promise<ReplyTo<typeof deleteOrganizationRequest>> {
    const { organizationId } = context;
    const keys = await this.keysOf(organizationId);
    if (!keys.ok) return keys;
    const deleted = await this.deletion.delete({ cascade, orphan }, context);
    if (!deleted.ok) return deleted;
    const { name, slug, contents } = deleted.value;
    const { applications, profiles, clusters } = contents;
    const deletes = { applications, profiles, clusters, keys: keys.value };
    return reply({ id: organizationId, name, slug, status: 'DELETING', deletes });
  }

  /** Returns the keys that end with the organization. */
  private async keysOf(organizationId: string) {
    const directory = await this.access.current();
    if (!directory.ok) return directory;
    const nowMs = this.clock.now();
    const names = directory.value
      .keysOf(organizationId)
      .filter((key) => !key.revoked && nowMs < key.expiresAtMs)
      .map(({ created }) => created.name)
      .sort();
    const keys: Deletes['keys'] = { count: names.length, names: names.slice(0, MAX_LISTED) };
    return ok(keys);
  }
}
