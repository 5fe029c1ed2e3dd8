import {
  ACCESS,
  activeMember,
  effectiveRole,
  organizationNotFound,
  type AccessSource,
  type Directory,
  type DirectoryOrganization,
} from '#access';
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
import {
  aboutRequest,
  IDENTITY_CONFIG,
  listUsersRequest,
  meRequest,
  peopleRequest,
  type IdentityConfig,
  type Person,
} from '#identity/contract';
import { CLOCK, type Clock } from '#kernel';
import { Controller, Inject } from '@nestjs/common';
import { PEOPLE, type People } from '../people/people.service.ts';
import { LAST_LOGINS, type LastLogins } from '../users/last-logins.service.ts';
import { userDecider } from '../users/user.decider.ts';
import { userStream } from '../users/user.events.ts';
import { usersProjection } from './users.projection.ts';

@Controller()
export class IdentityQueries {
  constructor(
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(PEOPLE) private readonly people: People,
    @Inject(LAST_LOGINS) private readonly lastLogins: LastLogins,
    @Inject(ACCESS) private readonly access: AccessSource,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(IDENTITY_CONFIG) private readonly config: IdentityConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Serves(aboutRequest)
  async about(): Promise<ReplyTo<typeof aboutRequest>> {
    const { version, publicUrl, issuer, audience, cliClientId, consoleClientId, scope, resource, contact, profile } =
      this.config;
    return reply({
      name: 'Astro Platform',
      version,
      publicUrl,
      issuer,
      audience,
      cliClientId,
      consoleClientId: consoleClientId ?? null,
      scope,
      resource: resource ?? null,
      contact,
      profile,
    });
  }

  /**
   * Returns the user, organization, and key of this request. For a login: the requested organization, or the only one.
   */
  @Serves(meRequest)
  async me(
    @Input() { org }: InputOf<typeof meRequest>,
    @Caller() context: ContextOf<typeof meRequest>,
  ): Promise<ReplyTo<typeof meRequest>> {
    const { principal, actor } = context;
    const nowMs = this.clock.now();
    const directory = await this.access.current();
    if (!directory.ok) return refuse(directory.error);
    const organization = organizationOf(directory.value, context, org, nowMs);
    const isKeysOwn = principal.kind !== 'key' || organization?.id === principal.organizationId;
    if (org !== undefined && (organization === undefined || !isKeysOwn)) return refuse(organizationNotFound());

    const key = principal.kind === 'key' ? directory.value.keysById.get(principal.keyId)?.created : undefined;
    const member = organization && activeMember(organization, actor.id, nowMs);
    const person =
      principal.kind === 'key' && principal.memberKind === 'service' ? undefined : await this.people.shown(actor.id);
    const plan = organization && (await plansOf(this.bus, [organization.id], context)).get(organization.id);
    return reply({
      userId: actor.id,
      email: person?.email ?? null,
      globalRole: directory.value.users.get(actor.id)?.globalRole ?? 'developer',
      organization: organization?.slug ?? null,
      orgId: organization?.id ?? null,
      orgRole: member ? effectiveRole(member, principal) : null,
      plan: plan?.plan ?? null,
      accessKey: key?.masked ?? null,
      keyId: key?.keyId ?? null,
      keyRole: key?.role ?? null,
      keyExpires: key?.expiresAt ?? null,
    });
  }

  @Serves(listUsersRequest)
  async users(
    @Input() { cursor, limit }: InputOf<typeof listUsersRequest>,
    @Caller() { consistency }: ContextOf<typeof listUsersRequest>,
  ): Promise<ReplyTo<typeof listUsersRequest>> {
    const sort = { field: 'registeredAt', direction: 'ascending' } as const;
    const page = await this.readModels.find(
      usersProjection,
      { sort, limit, ...(cursor !== undefined && { cursor }) },
      consistency,
    );
    if (!page.ok) return refuse(page.error);
    const items = await Promise.all(
      page.value.items.map(async ({ id, document: { globalRole, state } }) => {
        const email = state !== 'ERASED' ? ((await this.people.shown(id))?.email ?? null) : null;
        return { id, email, globalRole, state, lastLogin: await this.lastLogins.of(id) };
      }),
    );
    return reply({ items, ...(page.value.next !== undefined && { next: page.value.next }) });
  }

  /** Returns people by IDs, by a verified address, or both. IDs that are not those of users are omitted. */
  @Serves(peopleRequest)
  async find(@Input() { ids, email }: InputOf<typeof peopleRequest>): Promise<ReplyTo<typeof peopleRequest>> {
    const byAddress = email === undefined ? undefined : await this.people.byAddress(email);
    const wanted = new Set([...ids, ...(byAddress === undefined ? [] : [byAddress])]);
    const people = await Promise.all([...wanted].map((id) => this.person(id)));
    return reply({ people: people.filter((person) => person !== undefined) });
  }

  private async person(id: string): Promise<Person | undefined> {
    const loaded = await this.commands.load(userDecider, userStream(id));
    if (!loaded.ok || loaded.value.state.status === 'absent') return undefined;
    if (loaded.value.state.status === 'erased') return { id, email: null, name: null, erased: true };
    const record = await this.people.shown(id);
    return { id, email: record?.email ?? null, name: record?.name ?? null, erased: false };
  }
}

/** Returns the organization of a key; for a login, the requested one if visible to the user, or else the only one. */
function organizationOf(
  directory: Directory,
  { principal, actor }: RequestContext,
  org: string | undefined,
  nowMs: number,
): DirectoryOrganization | undefined {
  if (principal.kind === 'key' && org === undefined) return directory.organization(principal.organizationId);
  if (org !== undefined) {
    const named = directory.organization(org);
    return named && (actor.isGlobalAdmin || activeMember(named, actor.id, nowMs)) ? named : undefined;
  }
  const [only, ...others] = directory.organizationsOf(actor.id, nowMs);
  return others.length === 0 ? only : undefined;
}
