import {
  BUS,
  Caller,
  Input,
  refuse,
  reply,
  Serves,
  type Bus,
  type ContextOf,
  type OrganizationContext,
  type ReplyTo,
} from '#bus';
import type { InputOf } from '#bus/contract';
import {
  createWebhookRequest,
  deleteWebhookRequest,
  listWebhooksRequest,
  type WebhookView,
} from '#deployments/contract';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { aboutRequest } from '#identity/contract';
import { CLOCK, err, IDS, ok, type Clock, type DomainError, type Ids, type Result } from '#kernel';
import { Controller, Inject } from '@nestjs/common';
import { applicationDecider, applicationStream } from '../applications/application.decider.ts';
import type { Webhook } from '../applications/application.events.ts';
import { latestOf, type Application } from '../applications/application.ts';
import { placeOf, ProtectionReader } from '../applications/protection.service.ts';
import type { Protection } from '../applications/protection.ts';
import { catalogDecider, catalogStream } from '../catalog/catalog.decider.ts';
import { deploymentsErrors } from '../deployments.errors.ts';
import { FingerprintKeys, fingerprintOf } from '../shared/fingerprint-keys.service.ts';
import { OrganizationLookup, TIMEOUT_MS } from '../shared/organization-lookup.service.ts';
import { Refusals } from '../shared/refusals.service.ts';
import { shownFingerprint } from '../shared/secret-text.ts';
import { VaultRecords } from '../shared/vault-records.service.ts';
import { webhookRecords } from '../shared/webhook-records.ts';
import { webhookId } from './webhook-id.ts';

/** The application of a request, and who may change it. */
interface Target {
  readonly organizationId: string;
  readonly applicationId: string;
  readonly application: Application;
  readonly protection: Protection;
}

/** Random bytes of a secret. */
const SECRET_BYTES = 32;
/** Key under which the fingerprint of a secret is computed, so that equal secrets have equal fingerprints. */
const FINGERPRINT = 'webhook';

/** Handles the webhooks of applications. Their secrets are stored in the vault, and shown once. */
@Controller()
export class WebhooksHandlers {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: Ids,
    @Inject(OrganizationLookup) private readonly organizations: OrganizationLookup,
    @Inject(Refusals) private readonly refusals: Refusals,
    @Inject(ProtectionReader) private readonly protection: ProtectionReader,
    @Inject(FingerprintKeys) private readonly keys: FingerprintKeys,
    @Inject(VaultRecords) private readonly records: VaultRecords,
  ) {}

  @Serves(listWebhooksRequest)
  async list(
    @Input() { name }: InputOf<typeof listWebhooksRequest>,
    @Caller() context: ContextOf<typeof listWebhooksRequest>,
  ): Promise<ReplyTo<typeof listWebhooksRequest>> {
    const target = await this.target(name, context);
    if (!target.ok) return refuse(target.error);
    const items = await this.views([...target.value.application.webhooks.values()], target.value, context);
    return items.ok ? reply({ items: items.value }) : refuse(items.error);
  }

  /** Creates a webhook. A repeated request gets the same secret. */
  @Serves(createWebhookRequest)
  async create(
    @Input() { name, provider }: InputOf<typeof createWebhookRequest>,
    @Caller() context: ContextOf<typeof createWebhookRequest>,
  ): Promise<ReplyTo<typeof createWebhookRequest>> {
    const target = await this.target(name, context);
    if (!target.ok) return refuse(target.error);
    const { organizationId, applicationId, application, protection } = target.value;
    const id = webhookId(applicationId, this.commands.newId(context, 0).replaceAll('-', '').slice(-16));
    const hmacKey = await this.keys.of(organizationId);
    if (!hmacKey.ok) return refuse(hmacKey.error);
    const command = (secret: string) =>
      ({
        type: 'create-webhook',
        name,
        protection,
        webhook: {
          id,
          provider,
          fingerprint: fingerprintOf(hmacKey.value, FINGERPRINT, secret),
          at: new Date(this.clock.now()).toISOString(),
          by: context.actor.id,
        },
      }) as const;
    if (!application.webhooks.has(id)) {
      const possible = applicationDecider.decide(command(''), application, context.actor);
      if (!possible.ok) return refuse(await this.refusals.explain(possible.error, context));
    }
    const secret = await this.secret(webhookRecords(target.value, id).secret);
    if (!secret.ok) return refuse(secret.error);
    const stream = applicationStream(applicationId);
    const done = await this.commands.run(applicationDecider, stream, command(secret.value), context, {
      step: 'webhook',
    });
    if (!done.ok) return refuse(await this.refusals.explain(done.error, context));
    const webhook = done.value.state.webhooks.get(id);
    if (!webhook) return refuse(deploymentsErrors.webhookNotFound(name, id)); // deleted before the request was repeated
    const views = await this.views([webhook], target.value, context);
    const [view] = views.ok ? views.value : [];
    if (!views.ok || !view) return refuse(views.ok ? deploymentsErrors.webhookNotFound(name, id) : views.error);
    return reply({ ...view, secret: secret.value }, done.value.meta);
  }

  @Serves(deleteWebhookRequest)
  async delete(
    @Input() { name, id }: InputOf<typeof deleteWebhookRequest>,
    @Caller() context: ContextOf<typeof deleteWebhookRequest>,
  ): Promise<ReplyTo<typeof deleteWebhookRequest>> {
    const target = await this.target(name, context);
    if (!target.ok) return refuse(target.error);
    const { applicationId, protection } = target.value;
    const command = { type: 'delete-webhook', name, id, protection } as const;
    const stream = applicationStream(applicationId);
    const done = await this.commands.run(applicationDecider, stream, command, context, { step: 'webhook' });
    if (!done.ok) return refuse(await this.refusals.explain(done.error, context));
    const removed = context.dryRun ? ok(undefined) : await this.records.remove(webhookRecords(target.value, id).all);
    if (!removed.ok) return refuse(removed.error);
    return reply({ id, dryRun: context.dryRun ?? false }, done.value.meta);
  }

  private async target(name: string, context: OrganizationContext): Promise<Result<Target, DomainError>> {
    const membership = await this.organizations.membership(context);
    if (!membership.ok) return membership;
    const { organizationId, isAdmin } = membership.value;
    const catalog = await this.commands.load(catalogDecider, catalogStream(organizationId));
    if (!catalog.ok) return catalog;
    const applicationId = catalog.value.state.entries.application.get(name)?.id;
    if (applicationId === undefined) return err(deploymentsErrors.applicationNotFound(name));
    const loaded = await this.commands.load(applicationDecider, applicationStream(applicationId));
    if (!loaded.ok) return loaded;
    const { state: application } = loaded.value;
    const place = placeOf(applicationId, application, { organizationId, isAdmin });
    const protection = await this.protection.of(place, latestOf(application));
    return protection.ok
      ? ok({ organizationId, applicationId, application, protection: protection.value })
      : protection;
  }

  /** Returns the secret in a record, which is created if it does not exist. */
  private async secret(record: string): Promise<Result<string, DomainError>> {
    const made = `whsec_${Buffer.from(this.ids.random(SECRET_BYTES)).toString('base64url')}`;
    const stored = await this.records.putOnce(record, made);
    if (!stored.ok) return stored;
    const present = stored.value ? ok(made) : await this.records.get(record);
    return present.ok ? ok(present.value ?? made) : present;
  }

  private async views(
    webhooks: readonly Webhook[],
    target: Target,
    context: OrganizationContext,
  ): Promise<Result<WebhookView[], DomainError>> {
    const { correlationId, organizationId } = context;
    const own = this.bus.own({ correlationId, organizationId, timeoutMs: TIMEOUT_MS });
    const about = await this.bus.request(aboutRequest, {}, own);
    if (!about.ok) return err(about.error);
    const nameOf = await this.organizations.namesOf(
      webhooks.map(({ by }) => by),
      context,
    );
    const views: WebhookView[] = [];
    for (const { id, provider, fingerprint, at, by } of webhooks) {
      const last = await this.records.get(webhookRecords(target, id).last);
      if (!last.ok) return last;
      views.push({
        id,
        provider,
        address: `${about.value.publicUrl}/hooks/${id}`,
        fingerprint: shownFingerprint(fingerprint),
        createdAt: at,
        by: nameOf(by),
        // written by DeliveriesHandlers
        lastDelivery:
          last.value === undefined ? null : (JSON.parse(last.value) as NonNullable<WebhookView['lastDelivery']>),
      });
    }
    return ok(views);
  }
}
