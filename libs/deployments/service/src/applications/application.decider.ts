import { assertNever, type Decider, type Result } from '#kernel';
import type { DeploymentsError } from '../deployments.errors.ts';
import { applicationEvents, type ApplicationEvent } from './application.events.ts';
import { evolveApplication, latestOf, noApplication, type Application } from './application.ts';
import { changeSecrets, type ChangeSecrets } from './change-secrets.ts';
import { changeWebhooks, type ChangeWebhooks } from './change-webhooks.ts';
import { configure, type Configure } from './configure.ts';
import { deleteApplication, discard, type DeleteApplication, type Discard } from './delete-application.ts';
import { abandonAttempt, endAttempt, type AbandonAttempt, type EndAttempt } from './end-attempt.ts';
import { operate, type Operate } from './operate.ts';
import { reportHealth, type ReportHealth } from './report-health.ts';
import { selfHeal, type SelfHeal } from './self-heal.ts';
import { trackSource, type TrackSource } from './track-source.ts';

/** Commands of an application. */
export type ApplicationCommand =
  | Configure
  | DeleteApplication
  | Discard
  | EndAttempt
  | AbandonAttempt
  | ReportHealth
  | Operate
  | ChangeSecrets
  | ChangeWebhooks
  | SelfHeal
  | TrackSource;

function decide(
  command: ApplicationCommand,
  application: Application,
): Result<readonly ApplicationEvent[], DeploymentsError> {
  switch (command.type) {
    case 'configure':
      return configure(command, application);
    case 'delete':
      return deleteApplication(command, application);
    case 'discard':
      return discard(application);
    case 'end-attempt':
      return endAttempt(command, application);
    case 'abandon-attempt':
      return abandonAttempt(command, application);
    case 'report-health':
      return reportHealth(command, application);
    case 'operate':
      return operate(command, application);
    case 'change-secrets':
      return changeSecrets(command, application);
    case 'create-webhook':
    case 'delete-webhook':
      return changeWebhooks(command, application);
    case 'self-heal':
      return selfHeal(command, application);
    case 'track-source':
      return trackSource(command, application);
    default:
      return assertNever(command);
  }
}

/** Decides about the revisions and attempts of one application. */
export const applicationDecider: Decider<Application, ApplicationCommand, ApplicationEvent, DeploymentsError> = {
  events: applicationEvents,
  initialState: noApplication,
  evolve: evolveApplication,
  decide,
  revisionOf: (application) => latestOf(application)?.revision ?? 0,
};

/** Returns the name of an application's stream. */
export const applicationStream = (applicationId: string): string => `application-${applicationId}`;
