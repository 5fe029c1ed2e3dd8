import { COMMANDS, type CommandRunner, type Reactor } from '#event-sourcing';
import { BUS, type Bus } from '#bus';
import type { Recorded } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { OrganizationLookup } from '../shared/organization-lookup.service.ts';
import { profileDecider } from './profile.decider.ts';
import { profileEvents, type ProfileEvent } from './profile.events.ts';

type Type = 'profile.created.v1' | 'profile.changed.v1';

/**
 * Assigns the plan's tier, once, to profiles without a tier: those of earlier releases, and those written while billing
 * was unavailable.
 */
@Injectable()
export class ProfileTiersReactor implements Reactor<ProfileEvent, Type> {
  readonly name = 'deployments-profile-tiers.v1';
  readonly events = profileEvents;
  readonly types = ['profile.created.v1', 'profile.changed.v1'] as const;

  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(OrganizationLookup) private readonly organizations: OrganizationLookup,
  ) {}

  async react({ event, metadata }: Recorded<Extract<ProfileEvent, { readonly type: Type }>>): Promise<void> {
    const { organizationId, stream } = metadata;
    if (event.data.tier !== null || organizationId === undefined) return;
    // A later change has resolved the tier, so it is not resolved again with the present plan.
    const present = await this.commands.load(profileDecider, stream);
    if (!present.ok) throw new Error(present.error.code);
    if (present.value.state.status !== 'active' || present.value.state.content.tier !== null) return;
    const tier = await this.organizations.defaultTier(organizationId, metadata);
    if (!tier.ok) throw new Error(tier.error.code);
    const command = { type: 'resolve-tier', tier: tier.value } as const;
    const resolved = await this.commands.run(profileDecider, stream, command, this.bus.own({ organizationId }));
    if (!resolved.ok) throw new Error(resolved.error.code);
  }
}
