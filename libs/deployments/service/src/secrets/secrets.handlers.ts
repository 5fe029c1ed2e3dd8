import { Caller, Input, refuse, reply, Serves, type ContextOf, type OrganizationContext, type ReplyTo } from '#bus';
import type { InputOf } from '#bus/contract';
import { setSecretRequest, setSecretsRequest, unsetSecretRequest } from '#deployments/contract';
import { err, ok, type DomainError, type Result } from '#kernel';
import { Controller, Inject } from '@nestjs/common';
import { ApplicationViews } from '../applications/application-views.service.ts';
import type { ApplicationEvent } from '../applications/application.events.ts';
import { latestOf } from '../applications/application.ts';
import { deploymentsErrors } from '../deployments.errors.ts';
import { OrganizationLookup } from '../shared/organization-lookup.service.ts';
import { Refusals } from '../shared/refusals.service.ts';
import { SecretChanges, type ChangedSecrets, type WantedSecrets } from './secret-changes.service.ts';

/** How often a change is planned again because others changed the application in the meantime. */
const TRIES = 20;

type Context = ContextOf<typeof setSecretRequest>;
type Changed = ReplyTo<typeof setSecretRequest>;

/** Handles changes of secrets. */
@Controller()
export class SecretsHandlers {
  constructor(
    @Inject(OrganizationLookup) private readonly organizations: OrganizationLookup,
    @Inject(Refusals) private readonly refusals: Refusals,
    @Inject(SecretChanges) private readonly changes: SecretChanges,
    @Inject(ApplicationViews) private readonly views: ApplicationViews,
  ) {}

  @Serves(setSecretRequest)
  set(
    @Input() { name, key, value }: InputOf<typeof setSecretRequest>,
    @Caller() context: ContextOf<typeof setSecretRequest>,
  ): Promise<Changed> {
    return this.change(name, { set: new Map([[key, value]]), unset: [] }, context);
  }

  @Serves(setSecretsRequest)
  setAll(
    @Input() { name, secrets }: InputOf<typeof setSecretsRequest>,
    @Caller() context: ContextOf<typeof setSecretsRequest>,
  ): Promise<Changed> {
    return this.change(name, { set: new Map(Object.entries(secrets)), unset: [] }, context);
  }

  @Serves(unsetSecretRequest)
  unset(
    @Input() { name, key }: InputOf<typeof unsetSecretRequest>,
    @Caller() context: ContextOf<typeof unsetSecretRequest>,
  ): Promise<Changed> {
    return this.change(name, { set: new Map(), unset: [key] }, context);
  }

  private async change(name: string, wanted: WantedSecrets, context: Context): Promise<Changed> {
    const changed = await this.repeatedly(name, wanted, context);
    if (!changed.ok) return refuse(await this.refusals.explain(changed.error, context));
    const { organizationId, applicationId, application, events, position, repeated } = changed.value;
    const configured = events.find((event) => event.type === 'application.configured.v1');
    const requested = events.find((event) => event.type === 'deployment.requested.v1');
    const latest = latestOf(application);
    const view =
      latest && (await this.views.afterWrite({ organizationId, applicationId, application, events }, context));
    return reply(
      {
        changed: events.flatMap(changedBy),
        application: view ?? null,
        changes: [...(configured?.data.changes ?? [])],
        attemptId: requested?.data.attemptId ?? null,
        dryRun: context.dryRun ?? false,
      },
      {
        revision: latest?.revision ?? 0,
        ...(position !== undefined && { position }),
        ...(repeated && { repeated }),
      },
    );
  }

  private async repeatedly(
    name: string,
    wanted: WantedSecrets,
    context: OrganizationContext,
  ): Promise<Result<ChangedSecrets, DomainError>> {
    const membership = await this.organizations.membership(context);
    if (!membership.ok) return membership;
    for (let tries = 1; ; tries++) {
      const changed = await this.changes.change(name, wanted, membership.value, context);
      if (changed.ok) return ok(changed.value);
      if (changed.error.code !== deploymentsErrors.staleRevision().code || tries === TRIES) return err(changed.error);
    }
  }
}

/** Returns the keys that an event changes, with their new versions; null for a removed one. */
function changedBy(event: ApplicationEvent): { readonly key: string; readonly version: number | null }[] {
  if (event.type === 'application.secret-unset.v1') return [{ key: event.data.key, version: null }];
  if (event.type !== 'application.secrets-set.v1') return [];
  return event.data.secrets.map(({ key, version }) => ({ key, version }));
}
