import { ACCESS, type AccessSource } from '#access';
import { Caller, Input, refuse, reply, Serves, type ContextOf, type ReplyTo } from '#bus';
import type { InputOf } from '#bus/contract';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { CLOCK, type Clock } from '#kernel';
import { departRequest } from '#organizations/contract';
import { Controller, Inject } from '@nestjs/common';
import { organizationDecider } from '../organization.decider.ts';
import { organizationErrors } from '../organization.errors.ts';
import { organizationStream } from '../organization.events.ts';

/** Ends the memberships of people whose user is being erased. */
@Controller()
export class DeparturesHandlers {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(ACCESS) private readonly access: AccessSource,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Checks all organizations before it changes one, unless memberships of a last owner stay. A repeat ends the
   * memberships that are left.
   */
  @Serves(departRequest)
  async depart(
    @Input() { userId, check, keepsOwned = false }: InputOf<typeof departRequest>,
    @Caller() context: ContextOf<typeof departRequest>,
  ): Promise<ReplyTo<typeof departRequest>> {
    const directory = await this.access.current();
    if (!directory.ok) return refuse(directory.error);
    const found = [...(directory.value.memberships.get(userId) ?? [])].flatMap(
      (id) => directory.value.organization(id) ?? [],
    );
    const leave = (organizationId: string, dryRun: boolean) =>
      this.commands.run(
        organizationDecider,
        organizationStream(organizationId),
        { type: 'remove-member', memberId: userId, leaving: true, nowMs: this.clock.now() },
        { ...context, organizationId, dryRun },
      );
    let owned: string[] = [];
    for (const dryRun of check ? [true] : keepsOwned ? [false] : [true, false]) {
      owned = [];
      for (const { id, slug } of found) {
        const left = await leave(id, dryRun);
        if (left.ok) continue;
        if (left.error.code !== 'organization/last-owner') return refuse(left.error);
        owned.push(slug);
      }
      if (owned.length > 0 && !keepsOwned) return refuse(organizationErrors.lastOwnerOf(owned));
    }
    return reply({ organizations: found.map(({ slug }) => slug).filter((slug) => !owned.includes(slug)) });
  }
}
