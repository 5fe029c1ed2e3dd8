import { WEBHOOKS_PER_APPLICATION } from '#deployments/contract';
import { err, ok, type Result } from '#kernel';
import { deploymentsErrors, type DeploymentsError } from '../deployments.errors.ts';
import type { ApplicationEvent, Webhook } from './application.events.ts';
import { latestOf, type Application } from './application.ts';
import { refusedChange, type Protection } from './protection.ts';

interface OfApplication {
  readonly name: string;
  readonly protection: Protection;
}

/** Commands that create or delete a webhook of an application. */
export type ChangeWebhooks =
  | (OfApplication & { readonly type: 'create-webhook'; readonly webhook: Webhook })
  | (OfApplication & { readonly type: 'delete-webhook'; readonly id: string });

/** A webhook without `syncPolicy.auto` is refused, because its deliveries would have no effect. */
export function changeWebhooks(
  command: ChangeWebhooks,
  application: Application,
): Result<readonly ApplicationEvent[], DeploymentsError> {
  const { name, protection } = command;
  const latest = latestOf(application);
  if (application.status === 'deleting') return err(deploymentsErrors.beingDeleted('application', name));
  if (application.status !== 'active' || !latest) return err(deploymentsErrors.alreadyDeleted(name));
  const refused = refusedChange({ action: 'change', application: name, present: latest, next: undefined }, protection);
  if (refused) return err(refused);
  if (command.type === 'delete-webhook') {
    const { id } = command;
    return application.webhooks.has(id)
      ? ok([{ type: 'application.webhook-deleted.v1', data: { id } }])
      : err(deploymentsErrors.webhookNotFound(name, id));
  }
  if (latest.syncPolicy?.auto !== true) return err(deploymentsErrors.webhookNeedsAuto(name));
  if (application.webhooks.size >= WEBHOOKS_PER_APPLICATION)
    return err(deploymentsErrors.webhookLimit(name, WEBHOOKS_PER_APPLICATION));
  return ok([{ type: 'application.webhook-created.v1', data: command.webhook }]);
}
