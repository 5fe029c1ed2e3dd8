import type { AdoptableObject } from '#deployments/contract';
import { err, ok, type Result } from '#kernel';
import { deploymentsErrors, type DeploymentsError } from '../deployments.errors.ts';
import type { ApplicationEvent } from './application.events.ts';
import { heldRemovals, isPinned, latestOf, newestAttemptOf, type Application, type Revision } from './application.ts';
import { refusedChange, type Protection } from './protection.ts';
import { supersedeQueued } from './supersede.ts';

/** Command that deploys, pauses or resumes an application without a new revision. */
export interface Operate {
  readonly type: 'operate';
  readonly operation: 'sync' | 'restart' | 'pause' | 'resume' | 'adopt';
  /** Number of the attempt whose objects are adopted. Defaults to the newest one. */
  readonly attempt?: number;
  readonly name: string;
  /** Whether the attempt may delete most objects of the application. */
  readonly allowRemovals?: boolean;
  readonly attemptId: string;
  /** RFC 3339 time of the request. */
  readonly at: string;
  /** Why, in the words of the user who requested it. */
  readonly message?: string;
  /** Ids of this application's attempts that a worker has claimed. */
  readonly running: readonly string[];
  readonly protection: Protection;
}

type Outcome = Result<readonly ApplicationEvent[], DeploymentsError>;

/**
 * Decides `sync`, `restart`, `pause` and `resume`. `sync` and `restart` request another attempt of the latest revision;
 * `restart` also replaces the pods. While an application is paused, revisions are recorded but not deployed. `resume`
 * deploys what was recorded during the pause, and ends the pin of a rollback.
 */
export function operate(command: Operate, application: Application): Outcome {
  const { name, operation } = command;
  if (application.status === 'deleting') return err(deploymentsErrors.beingDeleted('application', name));
  const latest = latestOf(application);
  if (application.status !== 'active' || !latest) return err(deploymentsErrors.alreadyDeleted(name));
  const change = { action: 'change', application: name, present: latest, next: undefined } as const;
  const refused = refusedChange(change, command.protection);
  if (refused) return err(refused);
  switch (operation) {
    case 'pause':
      return ok(application.paused ? [] : [{ type: 'application.paused.v1', data: reasonOf(command) }]);
    case 'resume':
      return resume(command, application, latest);
    case 'sync':
    case 'restart':
      return again(command, application, latest);
    case 'adopt':
      return adopt(command, application, latest);
  }
}

function again(command: Operate, application: Application, latest: Revision): Outcome {
  if (application.paused) return err(deploymentsErrors.paused(command.name));
  const removals = heldRemovals(application);
  if (removals !== undefined && command.allowRemovals !== true)
    return err(deploymentsErrors.removesMost(command.name, removals, `app sync ${command.name}`));
  const newest = newestAttemptOf(application);
  const isOnItsWay = newest?.state === 'open' && newest.revision === latest.revision;
  if (command.operation === 'sync' && isOnItsWay) return ok([]);
  return ok([
    ...supersedeQueued(application, command.running, latest.revision),
    requested(command, application, latest.revision),
  ]);
}

/** Returns the objects that an adoption takes over: those that made the newest attempt fail, or that it adopts. */
export function adoptedBy(application: Application): readonly AdoptableObject[] {
  const newest = newestAttemptOf(application);
  return (newest?.state === 'open' ? newest.adopt : newest?.adoptable) ?? [];
}

/** Requests another attempt, which may take over what the newest one could not. */
function adopt(command: Operate, application: Application, latest: Revision): Outcome {
  if (application.paused) return err(deploymentsErrors.paused(command.name));
  const newest = newestAttemptOf(application);
  const objects = adoptedBy(application);
  if (newest?.revision !== latest.revision || objects.length === 0)
    return err(deploymentsErrors.nothingToAdopt(command.name));
  if (newest.state === 'open') return ok([]);
  if (command.attempt !== undefined && command.attempt !== newest.number)
    return err(deploymentsErrors.nothingToAdopt(command.name));
  return ok([requested(command, application, latest.revision, objects)]);
}

function resume(command: Operate, application: Application, { revision }: Revision): Outcome {
  if (!application.paused && !isPinned(application)) return ok([]);
  const isOwed = application.paused && (newestAttemptOf(application)?.revision ?? 0) < revision;
  return ok([
    { type: 'application.resumed.v1', data: reasonOf(command) },
    ...(isOwed
      ? [
          ...supersedeQueued(application, command.running, revision),
          requested({ ...command, allowRemovals: application.allowsRemovals }, application, revision),
        ]
      : []),
  ]);
}

const reasonOf = ({ message }: Operate) => (message === undefined ? {} : { message });

const CAUSES = { restart: 'restart', resume: 'resume', adopt: 'adopt', sync: 'sync', pause: 'sync' } as const;

const requested = (
  command: Operate,
  { attemptCount }: Application,
  revision: number,
  objects: readonly AdoptableObject[] = [],
): ApplicationEvent => ({
  type: 'deployment.requested.v1',
  data: {
    attemptId: command.attemptId,
    number: attemptCount + 1,
    revision,
    kind: 'deploy',
    orphan: false,
    cause: CAUSES[command.operation],
    ...(objects.length > 0 && { adopt: objects }),
    ...(command.operation === 'restart' && { restart: command.at }),
    ...reasonOf(command),
    ...(command.allowRemovals === true && { allowRemovals: true as const }),
  },
});
