import { ACCESS, type AccessSource } from '#access';
import type { AccessKeyView } from '#access-keys/contract';
import { BUS, type Bus, type RequestContext } from '#bus';
import { peopleById } from '#identity/contract';
import { CLOCK, type Clock } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { USAGE, type Usage } from '../usage/usage.handlers.ts';
import { keyView } from './key-view.ts';
import type { ListedKey } from './keys.projection.ts';

/** Builds keys as the API returns them: masked, with the owner's display name and the time of last use. */
@Injectable()
export class KeyViews {
  constructor(
    @Inject(BUS) private readonly bus: Bus,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(USAGE) private readonly usage: Usage,
    @Inject(ACCESS) private readonly access: AccessSource,
  ) {}

  async one(key: ListedKey, context: RequestContext): Promise<AccessKeyView> {
    const owners = await this.owners([key], context);
    return keyView(key, { nowMs: this.clock.now(), owner: owners(key), lastUsed: await this.usage.of(key.id) });
  }

  /** Returns the views of keys of one organization. */
  async all(keys: readonly ListedKey[], organizationId: string, context: RequestContext): Promise<AccessKeyView[]> {
    const owners = await this.owners(keys, context);
    const uses = await this.usage.ofOrganization(organizationId);
    const nowMs = this.clock.now();
    return keys.map((key) => keyView(key, { nowMs, owner: owners(key), lastUsed: uses.get(key.id) ?? null }));
  }

  /**
   * Returns the address of a person, or the name of a service member. If addresses cannot be looked up, a list shows
   * none.
   */
  private async owners(
    keys: readonly ListedKey[],
    context: RequestContext,
  ): Promise<(key: ListedKey) => string | null> {
    const ids = new Set(keys.filter(({ memberKind }) => memberKind === 'person').map(({ memberId }) => memberId));
    const found = await peopleById(this.bus, [...ids], context);
    const directory = await this.access.current();
    const serviceName = ({ organizationId, memberId }: ListedKey) =>
      (directory.ok ? directory.value.organization(organizationId)?.members.get(memberId)?.name : undefined) ??
      memberId;
    return (key) => {
      if (key.memberKind === 'service') return serviceName(key);
      const person = found.ok ? found.value.get(key.memberId) : undefined;
      return person ? (person.email ?? person.name ?? key.memberId) : null;
    };
  }
}
