import { Caller, Input, refuse, reply, Serves, type ContextOf, type ReplyTo } from '#bus';
import type { InputOf } from '#bus/contract';
import { listSecretsRequest } from '#deployments/contract';
import { COMMANDS, READ_MODELS, type CommandRunner, type ReadModels } from '#event-sourcing';
import { Controller, Inject } from '@nestjs/common';
import { catalogDecider, catalogStream } from '../catalog/catalog.decider.ts';
import { deploymentsErrors } from '../deployments.errors.ts';
import { OrganizationLookup } from '../shared/organization-lookup.service.ts';
import { shownFingerprint } from '../shared/secret-text.ts';
import { secretsProjection } from './secrets.projection.ts';

/** Lists secrets, without their values. */
@Controller()
export class SecretsQueries {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(OrganizationLookup) private readonly organizations: OrganizationLookup,
  ) {}

  @Serves(listSecretsRequest)
  async list(
    @Input() { name }: InputOf<typeof listSecretsRequest>,
    @Caller() context: ContextOf<typeof listSecretsRequest>,
  ): Promise<ReplyTo<typeof listSecretsRequest>> {
    const catalog = await this.commands.load(catalogDecider, catalogStream(context.organizationId));
    if (!catalog.ok) return refuse(catalog.error);
    const { entries, prepared } = catalog.value.state;
    const id = entries.application.get(name)?.id ?? prepared.get(name);
    if (id === undefined) return refuse(deploymentsErrors.applicationNotFound(name));
    const found = await this.readModels.get(secretsProjection, id, context.consistency);
    if (!found.ok) return refuse(found.error);
    const secrets = Object.entries(found.value?.document.secrets ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
    const nameOf = await this.organizations.namesOf(
      secrets.map(([, { by }]) => by),
      context,
    );
    const items = secrets.map(([key, { version, fingerprint, updatedAt, by }]) => ({
      key,
      version,
      fingerprint: shownFingerprint(fingerprint),
      updatedAt,
      by: nameOf(by),
    }));
    return reply({ items });
  }
}
