import { ACCESS, can, type AccessSource } from '#access';
import { getKeyRequest, listKeysRequest } from '#access-keys/contract';
import { Caller, Input, refuse, reply, Serves, type ContextOf, type OrganizationContext, type ReplyTo } from '#bus';
import type { InputOf } from '#bus/contract';
import { READ_MODELS, type ReadModels } from '#event-sourcing';
import { CLOCK, ok, type Clock, type DomainError, type Result } from '#kernel';
import { Controller, Inject } from '@nestjs/common';
import { keyErrors } from '../key-ring.errors.ts';
import { KeyViews } from './key-views.service.ts';
import { keysProjection } from './keys.projection.ts';

@Controller()
export class KeysQueries {
  constructor(
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(ACCESS) private readonly access: AccessSource,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(KeyViews) private readonly views: KeyViews,
  ) {}

  /** Lists the caller's keys, or all keys for a caller who may revoke those of others. Keys are always masked. */
  @Serves(listKeysRequest)
  async list(
    @Input() { limit, cursor }: InputOf<typeof listKeysRequest>,
    @Caller() context: ContextOf<typeof listKeysRequest>,
  ): Promise<ReplyTo<typeof listKeysRequest>> {
    const { organizationId, actor } = context;
    const others = await this.mayOthers(context);
    if (!others.ok) return refuse(others.error);
    const query = {
      where: { organizationId, ...(!others.value && { memberId: actor.id }) },
      sort: { field: 'createdAt', direction: 'descending' },
      limit,
      ...(cursor !== undefined && { cursor }),
    } as const;
    const found = await this.readModels.find(keysProjection, query, context.consistency);
    if (!found.ok) return refuse(found.error);
    const { items: keys, next } = found.value;
    const items = await this.views.all(
      keys.map(({ document }) => document),
      organizationId,
      context,
    );
    return reply({ items, ...(next !== undefined && { next }) });
  }

  @Serves(getKeyRequest)
  async get(
    @Input() { key: keyId }: InputOf<typeof getKeyRequest>,
    @Caller() context: ContextOf<typeof getKeyRequest>,
  ): Promise<ReplyTo<typeof getKeyRequest>> {
    const { organizationId, actor } = context;
    const others = await this.mayOthers(context);
    if (!others.ok) return refuse(others.error);
    const found = await this.readModels.get(keysProjection, keyId, context.consistency);
    if (!found.ok) return refuse(found.error);
    const key = found.value?.document;
    if (key === undefined || key.organizationId !== organizationId || (key.memberId !== actor.id && !others.value))
      return refuse(keyErrors.notFound());
    return reply(await this.views.one(key, context));
  }

  /** Returns whether the caller may see keys of others. */
  private async mayOthers({ organizationId, principal }: OrganizationContext): Promise<Result<boolean, DomainError>> {
    const directory = await this.access.current();
    return directory.ok
      ? ok(can(principal, 'keys.others', { organizationId }, directory.value, this.clock.now()).allowed)
      : directory;
  }
}
