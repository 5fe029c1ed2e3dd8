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
import { organizationContentsRequest } from '#deployments/contract';
import { COMMANDS, READ_MODELS, type CommandRunner, type ReadModels } from '#event-sourcing';
import { CLOCK, ok, type Clock, type DomainError, type Result } from '#kernel';
import type { OrganizationView } from '#organizations/contract';
import { Inject, Injectable } from '@nestjs/common';
import { organizationDecider } from '../organization.decider.ts';
import { organizationStream } from '../organization.events.ts';
import { isActive } from '../organization.ts';
import { deletionProgress } from './deletion-progress.ts';
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
      if (!summary.value) continue;
      const role = roleIn(directory.value, id, context, nowMs);
      const deletion = summary.value.status === 'DELETING' ? await this.deletionOf(id, context) : ok(undefined);
      if (!deletion.ok) return deletion;
      const shown = view(id, summary.value, role, plans.get(id)?.plan);
      views.push({ ...shown, ...(deletion.value && { deletion: deletion.value }) });
    }
    return ok(views);
  }

  /** Returns the progress of a deletion; undefined if it was completed in the meantime. */
  private async deletionOf(
    id: string,
    context: RequestContext,
  ): Promise<Result<OrganizationView['deletion'], DomainError>> {
    const loaded = await this.commands.load(organizationDecider, organizationStream(id));
    if (!loaded.ok) return loaded;
    const { state } = loaded.value;
    if (!isActive(state)) return ok(undefined);
    const own = this.bus.own({ correlationId: context.correlationId, organizationId: id });
    const contents = await this.bus.request(organizationContentsRequest, { organizationId: id }, own);
    return ok(deletionProgress(state, contents.ok ? contents.value : undefined));
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
