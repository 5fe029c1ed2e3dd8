import { ACCESS, type AccessSource, type Directory, type Role } from '#access';
import { loginRequest } from '#access-keys/contract';
import { BUS, Caller, Input, refuse, reply, Serves, type Bus, type Reply, type RequestContext } from '#bus';
import type { InputOf, OutputOf } from '#bus/contract';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { CLOCK, err, IDS, ok, type Clock, type DomainError, type Ids, type Result } from '#kernel';
import { ensureDefaultOrganizationRequest } from '#organizations/contract';
import { Controller, Inject } from '@nestjs/common';
import { keyErrors } from '../key-ring.errors.ts';
import { keyView } from '../overview/key-view.ts';
import { ownersOf } from '../overview/owners.queries.ts';
import { ISSUING, type Issuing } from './issuing.service.ts';
import { machineDigest, mintKey } from './mint.service.ts';

type Entered = OutputOf<typeof loginRequest>['organization'];

@Controller()
export class LoginHandlers {
  constructor(
    @Inject(ISSUING) private readonly issuing: Issuing,
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(ACCESS) private readonly access: AccessSource,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: Ids,
  ) {}

  /** What a login on a machine needs: an organization (the default one is made if there is none) and a key for it. */
  @Serves(loginRequest)
  async login(
    @Input() { orgId, machine }: InputOf<typeof loginRequest>,
    @Caller() context: RequestContext,
  ): Promise<Reply<OutputOf<typeof loginRequest>>> {
    const userId = context.actor.id;
    const organization = await this.enter(userId, orgId, context);
    if (!organization.ok) return refuse(organization.error);

    const { id, role } = organization.value;
    const minted = mintKey(this.ids, this.commands, context);
    const key = { ...minted.key, memberId: userId, memberKind: 'person', name: 'login' } as const;
    const command = {
      type: 'create-login-key',
      key,
      ownRole: role,
      machine: machineDigest(id, userId, machine),
      nowMs: this.clock.now(),
    } as const;
    const issued = await this.issuing.issue(command, id, context);
    if (!issued.ok) return refuse(issued.error);

    const { repeated, position } = issued.value;
    const owners = await ownersOf(this.bus, [issued.value.key], context);
    const view = keyView(issued.value.key, {
      nowMs: this.clock.now(),
      owner: owners(issued.value.key),
      lastUsed: null,
    });
    return reply(
      { userId, organization: organization.value, key: { ...view, secret: repeated ? null : minted.text } },
      { position, ...(repeated && { repeated }) },
    );
  }

  /** The organization asked for; else the default one, the only one, or one that is made now. */
  private async enter(
    userId: string,
    wanted: string | undefined,
    context: RequestContext,
  ): Promise<Result<Entered, DomainError>> {
    const directory = await this.access.current();
    if (!directory.ok) return directory;
    if (wanted !== undefined) {
      const found = entered(directory.value, wanted, userId);
      return found ? ok(found) : err(keyErrors.notAMember());
    }
    const own = [...(directory.value.memberships.get(userId) ?? [])].flatMap(
      (id) => directory.value.organization(id) ?? [],
    );
    const fitting = own.find(({ isDefault }) => isDefault) ?? (own.length === 1 ? own[0] : undefined);
    const found = fitting && entered(directory.value, fitting.id, userId);
    if (found) return ok(found);
    if (own.length > 1) return err(keyErrors.chooseOrganization(own.map(({ slug }) => slug).toSorted()));

    const made = await this.bus.request(ensureDefaultOrganizationRequest, { userId }, this.bus.own(context));
    if (!made.ok) return made;
    const { organizationId: id, slug, name, role, created } = made.value;
    return ok({ id, slug, name, role, created });
  }
}

function entered(directory: Directory, idOrSlug: string, userId: string): Entered | undefined {
  const found = directory.organization(idOrSlug);
  const role: Role | undefined = found?.members.get(userId)?.role;
  return found && role && { id: found.id, slug: found.slug, name: found.name, role, created: false };
}
