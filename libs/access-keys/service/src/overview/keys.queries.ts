import { ACCESS, can, organizationNotFound, type AccessSource } from '#access';
import { getKeyRequest, listKeysRequest, type AccessKeyView } from '#access-keys/contract';
import { BUS, Caller, Input, refuse, reply, Serves, type Bus, type Reply, type RequestContext } from '#bus';
import type { InputOf, OutputOf } from '#bus/contract';
import { READ_MODELS, type ReadModels } from '#event-sourcing';
import { CLOCK, ok, type Clock, type DomainError, type Result } from '#kernel';
import { Controller, Inject } from '@nestjs/common';
import { keyErrors } from '../key-ring.errors.ts';
import { USAGE, type Usage } from '../usage/usage.handlers.ts';
import { keyView } from './key-view.ts';
import { keysProjection, type ListedKey } from './keys.projection.ts';
import { ownersOf } from './owners.queries.ts';

@Controller()
export class KeysQueries {
  constructor(
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(ACCESS) private readonly access: AccessSource,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(USAGE) private readonly usage: Usage,
  ) {}

  /** One's own keys; everybody's for those who may revoke them. Always masked. */
  @Serves(listKeysRequest)
  async list(
    @Input() _input: InputOf<typeof listKeysRequest>,
    @Caller() context: RequestContext,
  ): Promise<Reply<OutputOf<typeof listKeysRequest>>> {
    const { organizationId, actor } = context;
    if (organizationId === undefined) return refuse(organizationNotFound());
    const others = await this.mayOthers(organizationId, context);
    if (!others.ok) return refuse(others.error);
    const found = await this.all({ organizationId, ...(!others.value && { memberId: actor.id }) }, context);
    if (!found.ok) return refuse(found.error);

    const owners = await ownersOf(this.bus, found.value, context);
    const uses = await this.usage.ofOrganization(organizationId);
    const nowMs = this.clock.now();
    const items = found.value.map((key) =>
      keyView(key, { nowMs, owner: owners(key), lastUsed: uses.get(key.id) ?? null }),
    );
    return reply({ items: items.toSorted((a, b) => (a.createdAt < b.createdAt ? 1 : -1)) });
  }

  @Serves(getKeyRequest)
  async get(
    @Input() { key: keyId }: InputOf<typeof getKeyRequest>,
    @Caller() context: RequestContext,
  ): Promise<Reply<AccessKeyView>> {
    const { organizationId, actor } = context;
    if (organizationId === undefined) return refuse(organizationNotFound());
    const others = await this.mayOthers(organizationId, context);
    if (!others.ok) return refuse(others.error);
    const found = await this.readModels.get(keysProjection, keyId, context.consistency);
    if (!found.ok) return refuse(found.error);
    const key = found.value?.document;
    if (key === undefined || key.organizationId !== organizationId || (key.memberId !== actor.id && !others.value))
      return refuse(keyErrors.notFound());
    const owners = await ownersOf(this.bus, [key], context);
    return reply(keyView(key, { nowMs: this.clock.now(), owner: owners(key), lastUsed: await this.usage.of(key.id) }));
  }

  private async mayOthers(
    organizationId: string,
    { principal }: RequestContext,
  ): Promise<Result<boolean, DomainError>> {
    const directory = await this.access.current();
    return directory.ok
      ? ok(can(principal, 'keys.others', { organizationId }, directory.value, this.clock.now()).allowed)
      : directory;
  }

  private async all(
    where: Readonly<Record<string, string>>,
    { consistency }: RequestContext,
  ): Promise<Result<ListedKey[], DomainError>> {
    const keys: ListedKey[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.readModels.find(
        keysProjection,
        { where, limit: 500, ...(cursor !== undefined && { cursor }) },
        consistency,
      );
      if (!page.ok) return page;
      keys.push(...page.value.items.map(({ document }) => document));
      cursor = page.value.next;
    } while (cursor !== undefined);
    return ok(keys);
  }
}
