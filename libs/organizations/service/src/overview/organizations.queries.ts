import { ACCESS, effectiveRole, organizationNotFound, type AccessSource, type Directory } from '#access';
import { plansOf } from '#billing/contract';
import {
  BUS,
  Caller,
  Input,
  refuse,
  reply,
  Serves,
  type Bus,
  type ContextOf,
  type ReplyTo,
  type RequestContext,
} from '#bus';
import type { InputOf } from '#bus/contract';
import { COMMANDS, READ_MODELS, type CommandRunner, type ReadModels } from '#event-sourcing';
import { err, ok, type DomainError, type Result } from '#kernel';
import { getOrganizationRequest, listOrganizationsRequest, type OrganizationView } from '#organizations/contract';
import { Controller, Inject } from '@nestjs/common';
import { organizationDecider } from '../organization.decider.ts';
import { organizationErrors } from '../organization.errors.ts';
import { organizationStream } from '../organization.events.ts';
import { organizationsProjection, type OrganizationSummary } from './organizations.projection.ts';

@Controller()
export class OrganizationsQueries {
  constructor(
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(ACCESS) private readonly access: AccessSource,
    @Inject(BUS) private readonly bus: Bus,
  ) {}

  /** All organizations of the key's or login's user; with `all` every one, for a global admin who is logged in. */
  @Serves(listOrganizationsRequest)
  async list(
    @Input() { all }: InputOf<typeof listOrganizationsRequest>,
    @Caller() context: ContextOf<typeof listOrganizationsRequest>,
  ): Promise<ReplyTo<typeof listOrganizationsRequest>> {
    const directory = await this.access.current();
    if (!directory.ok) return refuse(directory.error);
    if (all && !context.actor.isGlobalAdmin) return refuse(organizationErrors.listNeedsAdmin());

    const ids = all ? directory.value.organizations.keys() : (directory.value.memberships.get(context.actor.id) ?? []);
    const items: OrganizationView[] = [];
    const wanted = [...ids].filter((id) => directory.value.organization(id) !== undefined);
    const plans = await plansOf(this.bus, wanted, context);
    for (const id of wanted) {
      const summary = await this.summaryOf(id, context);
      if (!summary.ok) return refuse(summary.error);
      if (summary.value) items.push(view(id, summary.value, directory.value, context, plans.get(id)?.plan));
    }
    return reply({ items: items.toSorted((a, b) => (a.slug < b.slug ? -1 : 1)) });
  }

  @Serves(getOrganizationRequest)
  async get(
    @Input() _input: InputOf<typeof getOrganizationRequest>,
    @Caller() context: ContextOf<typeof getOrganizationRequest>,
  ): Promise<ReplyTo<typeof getOrganizationRequest>> {
    const { organizationId } = context;
    const directory = await this.access.current();
    if (!directory.ok) return refuse(directory.error);
    const summary = await this.summaryOf(organizationId, context);
    if (!summary.ok) return refuse(summary.error);
    if (summary.value === undefined) return refuse(organizationNotFound());
    const plans = await plansOf(this.bus, [organizationId], context);
    return reply(view(organizationId, summary.value, directory.value, context, plans.get(organizationId)?.plan));
  }

  /** The read model may be a moment behind the directory, which knows the organization already: then it is waited for. */
  private async summaryOf(
    id: string,
    context: RequestContext,
  ): Promise<Result<OrganizationSummary | undefined, DomainError>> {
    const found = await this.readModels.get(organizationsProjection, id, context.consistency);
    if (!found.ok) return err(found.error);
    if (found.value) return ok(found.value.document);
    const stream = await this.commands.load(organizationDecider, organizationStream(id));
    if (!stream.ok) return err(stream.error);
    if (stream.value.position === undefined) return ok(undefined);
    const again = await this.readModels.get(organizationsProjection, id, stream.value.position);
    return again.ok ? ok(again.value?.document) : err(again.error);
  }
}

function view(
  id: string,
  summary: OrganizationSummary,
  directory: Directory,
  { actor, principal }: RequestContext,
  plan = 'unknown',
): OrganizationView {
  const member = directory.organization(id)?.members.get(actor.id);
  const isOtherKey = principal.kind === 'key' && principal.organizationId !== id;
  const role = member ? (isOtherKey ? member.role : effectiveRole(member, principal)) : null;
  const { name, slug, isDefault, status, createdAt, persons, memberLimit } = summary;
  return { id, name, slug, isDefault, status, role, plan, createdAt, members: persons, memberLimit };
}
