import {
  ACCESS,
  activeMember,
  DEFAULT_SETTINGS,
  effectiveRole,
  type AccessSource,
  type Directory,
  type Role,
} from '#access';
import { plansOf } from '#billing/contract';
import { BUS, type Bus, type RequestContext } from '#bus';
import { COMMANDS, READ_MODELS, type CommandRunner, type ReadModels } from '#event-sourcing';
import { CLOCK, ok, type Clock, type DomainError, type Result } from '#kernel';
import type { OrganizationView } from '#organizations/contract';
import { Inject, Injectable } from '@nestjs/common';
import { organizationDecider } from '../organization.decider.ts';
import { organizationStream } from '../organization.events.ts';
import { organizationsProjection, type OrganizationSummary } from './organizations.projection.ts';

/** Builds organizations as the API returns them, with the caller's role and the name of the plan. */
@Injectable()
export class OrganizationViews {
  constructor(
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(ACCESS) private readonly access: AccessSource,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Returns the organizations that exist, in the order of `ids`. */
  async all(ids: readonly string[], context: RequestContext): Promise<Result<OrganizationView[], DomainError>> {
    const directory = await this.access.current();
    if (!directory.ok) return directory;
    const plans = await plansOf(this.bus, ids, context);
    const nowMs = this.clock.now();
    const views: OrganizationView[] = [];
    for (const id of ids) {
      const summary = await this.summaryOf(id, context);
      if (!summary.ok) return summary;
      if (summary.value)
        views.push(view(id, summary.value, roleIn(directory.value, id, context, nowMs), plans.get(id)?.plan));
    }
    return ok(views);
  }

  /** Returns the summary. If the read model does not have an existing organization yet, this waits until it does. */
  private async summaryOf(
    id: string,
    context: RequestContext,
  ): Promise<Result<OrganizationSummary | undefined, DomainError>> {
    const found = await this.readModels.get(organizationsProjection, id, context.consistency);
    if (!found.ok) return found;
    if (found.value) return ok(found.value.document);
    const stream = await this.commands.load(organizationDecider, organizationStream(id));
    if (!stream.ok) return stream;
    if (stream.value.position === undefined) return ok(undefined);
    const again = await this.readModels.get(organizationsProjection, id, stream.value.position);
    return again.ok ? ok(again.value?.document) : again;
  }
}

function view(
  id: string,
  { persons, services: _, settings, ...summary }: OrganizationSummary,
  role: Role | null,
  plan = 'unknown',
): OrganizationView {
  // A document may be older than a setting, which then has its default.
  return { id, ...summary, settings: { ...DEFAULT_SETTINGS, ...settings }, role, plan, members: persons };
}

/** Returns the caller's role in an organization, which may be another one than that of the caller's access key. */
function roleIn(directory: Directory, id: string, { actor, principal }: RequestContext, nowMs: number): Role | null {
  const organization = directory.organization(id);
  const member = organization && activeMember(organization, actor.id, nowMs);
  if (!member) return null;
  const isOtherKey = principal.kind === 'key' && principal.organizationId !== id;
  return isOtherKey ? member.role : effectiveRole(member, principal);
}
