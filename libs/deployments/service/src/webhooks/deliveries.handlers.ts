import { Input, refuse, reply, Serves, type ReplyTo } from '#bus';
import type { InputOf } from '#bus/contract';
import { deliverWebhookRequest, type PinnedSource, type WebhookView } from '#deployments/contract';
import { COMMANDS, READ_MODELS, type CommandRunner, type ReadModels } from '#event-sourcing';
import { CLOCK, LOGGER, ok, type Clock, type DomainError, type Logger, type Result } from '#kernel';
import { Controller, Inject } from '@nestjs/common';
import { applicationDecider, applicationStream } from '../applications/application.decider.ts';
import type { Webhook } from '../applications/application.events.ts';
import { latestOf, type Application } from '../applications/application.ts';
import { applicationsProjection } from '../applications/applications.projection.ts';
import { RevisionContent } from '../applications/revision-content.service.ts';
import { deploymentsErrors } from '../deployments.errors.ts';
import { pinnedIn } from '../resolve/remote-source.ts';
import { VaultRecords } from '../shared/vault-records.service.ts';
import { webhookRecords } from '../shared/webhook-records.ts';
import { SourceTracking } from '../tracking/source-tracking.service.ts';
import { reportOf, unrelated } from './pushes.ts';
import { verdictOn } from './signatures.service.ts';
import { applicationOf } from './webhook-id.ts';

type Delivery = InputOf<typeof deliverWebhookRequest>;
type Outcome = NonNullable<WebhookView['lastDelivery']>['outcome'];

/** A webhook, its secret, and its application. */
interface Found {
  readonly organizationId: string;
  readonly applicationId: string;
  readonly application: Application;
  readonly webhook: Webhook;
  readonly secret: string;
}

/** How long a delivery is remembered, in milliseconds. Later ones only cause a look-up of the present source. */
const REMEMBERED_MS = 24 * 3_600_000;

/** Secret of webhooks that do not exist, so that their deliveries are verified and refused like all others. */
const NO_SECRET = 'none';

/** Handles deliveries of git hosts. Nothing but their signature authenticates them. */
@Controller()
export class DeliveriesHandlers {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(VaultRecords) private readonly records: VaultRecords,
    @Inject(RevisionContent) private readonly contents: RevisionContent,
    @Inject(SourceTracking) private readonly tracking: SourceTracking,
  ) {}

  /** Verifies a delivery before its payload is parsed, and checks the source of the application if it concerns it. */
  @Serves(deliverWebhookRequest)
  async deliver(@Input() { id, payload, ...headers }: Delivery): Promise<ReplyTo<typeof deliverWebhookRequest>> {
    const found = await this.find(id);
    if (!found.ok) return refuse(found.error);
    const body = Buffer.from(payload, 'base64');
    const { webhook, secret } = found.value ?? { webhook: { provider: 'generic' }, secret: NO_SECRET };
    const verdict = verdictOn(webhook.provider, secret, { headers, body, nowMs: this.clock.now() });
    if (!found.value || verdict.type === 'invalid') return refuse(deploymentsErrors.webhookSignature());
    if (verdict.type === 'late') return refuse(deploymentsErrors.webhookReplayed());
    const json = objectIn(body);
    if (!json) return refuse(deploymentsErrors.webhookPayload());
    const report = reportOf(webhook.provider, headers.githubEvent ?? headers.gitlabEvent, json);
    if (report.type === 'ping') return this.answer(found.value, 'ping', 'The webhook is set up correctly.');
    if (report.type === 'other') return this.answer(found.value, 'ignored', 'The event is not a push.');
    const source = await this.source(found.value.application);
    if (!source.ok) return refuse(source.error);
    const ignored = source.value ? unrelated(report, source.value) : 'The application does not follow its source.';
    if (ignored !== undefined) return this.answer(found.value, 'ignored', ignored);
    const record = webhookRecords(found.value, id).delivery(verdict.key);
    const isFirst = await this.records.putOnce(record, '', this.clock.now() + REMEMBERED_MS);
    if (!isFirst.ok) return refuse(isFirst.error);
    if (!isFirst.value) return refuse(deploymentsErrors.webhookReplayed());
    const { organizationId, applicationId } = found.value;
    this.tracking.request({ organizationId, applicationId });
    return this.answer(found.value, 'checking', 'The source is checked, and deployed if it has changed.');
  }

  /** Returns undefined for a webhook that does not exist. */
  private async find(id: string): Promise<Result<Found | undefined, DomainError>> {
    const applicationId = applicationOf(id);
    if (applicationId === undefined) return ok(undefined);
    const loaded = await this.commands.load(applicationDecider, applicationStream(applicationId));
    if (!loaded.ok) return loaded;
    const { state: application } = loaded.value;
    const webhook = application.webhooks.get(id);
    if (!webhook) return ok(undefined);
    const document = await this.readModels.get(applicationsProjection, applicationId);
    if (!document.ok) return document;
    const organizationId = document.value?.document.organizationId;
    if (organizationId === undefined) return ok(undefined);
    const secret = await this.records.get(webhookRecords({ organizationId, applicationId }, id).secret);
    if (!secret.ok) return secret;
    return ok(
      secret.value === undefined
        ? undefined
        : { organizationId, applicationId, application, webhook, secret: secret.value },
    );
  }

  /** Returns the source that the application follows. */
  private async source(application: Application): Promise<Result<PinnedSource | undefined, DomainError>> {
    const latest = latestOf(application);
    if (latest?.syncPolicy?.auto !== true) return ok(undefined);
    const content = await this.contents.of(latest);
    return content.ok ? ok(pinnedIn(content.value?.source)) : content;
  }

  /** Remembers the outcome for the list of webhooks, if the vault responds. */
  private async answer(
    found: Found,
    outcome: Outcome,
    message: string,
  ): Promise<ReplyTo<typeof deliverWebhookRequest>> {
    const { applicationId, webhook } = found;
    const last = { at: new Date(this.clock.now()).toISOString(), outcome };
    const stored = await this.records.put(webhookRecords(found, webhook.id).last, JSON.stringify(last));
    if (!stored.ok)
      this.logger.warn(
        { applicationId, code: stored.error.code },
        'the last delivery of a webhook could not be stored',
      );
    return reply({ outcome, message }, { accepted: outcome === 'checking' });
  }
}

/** Returns the JSON object in a body; undefined if there is none. */
function objectIn(body: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
