import type { AdoptableObject, InventoryEntry, reportStepRequest } from '#deployments/contract';
import { assertNever, err, ok, type Decider, type Result } from '#kernel';
import type { InputOf } from '#bus/contract';
import { deploymentsErrors, type DeploymentsError } from '../deployments.errors.ts';
import { attemptEvents, type AttemptEvent, type AttemptOf, type AttemptOutcome } from './attempt.events.ts';
import { type AttemptProgress, evolveAttempt, unclaimed } from './attempt.ts';

/** Milliseconds for which a claim is valid after the last request of its worker. */
export const LEASE_MS = 30_000;

/** A step that a worker reports. */
export type ReportedStep = InputOf<typeof reportStepRequest>['step'];
/** Steps that a worker completed before, and reports together with a step or with the end. */
type EarlierSteps = NonNullable<InputOf<typeof reportStepRequest>['earlier']>;

/** `nowMs`: milliseconds since 1970. */
export type AttemptCommand = AttemptOf &
  (
    | { readonly type: 'claim'; readonly worker: string; readonly incarnation: string; readonly nowMs: number }
    | { readonly type: 'extend'; readonly claim: number; readonly nowMs: number }
    | {
        readonly type: 'report';
        readonly claim: number;
        readonly earlier?: EarlierSteps;
        readonly step: ReportedStep;
        readonly nowMs: number;
      }
    /** Part of an inventory that is too large for one append. */
    | { readonly type: 'record-inventory'; readonly claim: number; readonly entries: readonly InventoryEntry[] }
    | { readonly type: 'lapse'; readonly nowMs: number }
    | {
        readonly type: 'end';
        readonly claim: number;
        readonly earlier?: EarlierSteps;
        readonly nowMs: number;
        readonly outcome: AttemptOutcome;
        readonly inventory: readonly InventoryEntry[];
      }
  );

type Of<T extends AttemptCommand['type']> = Extract<AttemptCommand, { readonly type: T }>;
type Outcome = Result<readonly AttemptEvent[], DeploymentsError>;

function decide(command: AttemptCommand, progress: AttemptProgress): Outcome {
  switch (command.type) {
    case 'claim':
      return claim(command, progress);
    case 'extend':
      return extend(command, progress);
    case 'report':
      return report(command, progress);
    case 'record-inventory': {
      const { applicationId, revision, claim: number, entries } = command;
      return holds(progress, number)
        ? ok(inventoryEvents({ applicationId, revision }, entries))
        : err(deploymentsErrors.claimLost());
    }
    case 'lapse':
      return lapse(command, progress);
    case 'end':
      return end(command, progress);
    default:
      return assertNever(command);
  }
}

/**
 * Grants the attempt to one worker. If the same worker repeats the request because the response was lost, it gets the
 * same claim. A new incarnation of its name proves that the previous one has ended, and gets a new claim with the next
 * number.
 */
function claim({ worker, incarnation, nowMs, ...of }: Of<'claim'>, progress: AttemptProgress): Outcome {
  if (progress.status === 'ended' || progress.status === 'lapsed') return err(deploymentsErrors.attemptEnded());
  const present = progress.claim;
  if (present?.worker === worker && present.incarnation === incarnation && nowMs < present.leaseUntilMs) return ok([]);
  if (present && present.worker !== worker)
    return err(
      nowMs < present.leaseUntilMs
        ? deploymentsErrors.claimed(present.leaseUntilMs - nowMs)
        : deploymentsErrors.claimExpired(),
    );
  if (present && present.incarnation === incarnation) return err(deploymentsErrors.claimExpired());
  const { applicationId, revision } = of;
  return ok([
    {
      type: 'attempt.claimed.v1',
      data: {
        applicationId,
        revision,
        claim: (present?.number ?? 0) + 1,
        worker,
        incarnation,
        leaseUntilMs: nowMs + LEASE_MS,
      },
    },
  ]);
}

/** Recorded only after half of the lease, so that heartbeats do not fill the log. */
function extend({ applicationId, revision, claim: number, nowMs }: Of<'extend'>, progress: AttemptProgress): Outcome {
  if (!holds(progress, number)) return err(deploymentsErrors.claimLost());
  if (progress.claim && progress.claim.leaseUntilMs - nowMs >= LEASE_MS / 2) return ok([]);
  return ok([
    { type: 'attempt.extended.v1', data: { applicationId, revision, claim: number, leaseUntilMs: nowMs + LEASE_MS } },
  ]);
}

/** Entries in one append, which is at most 768 KiB. */
export const MAX_IN_APPEND = 2_000;
/** Entries in one event: about 300 bytes each, far below the size limit of events. */
const ENTRIES_AT_ONCE = 80;

function report(
  { applicationId, revision, claim: number, earlier = [], step, nowMs }: Of<'report'>,
  progress: AttemptProgress,
): Outcome {
  if (!holds(progress, number)) return err(deploymentsErrors.claimLost());
  return ok([...earlier, step].flatMap((completed) => eventsOf({ applicationId, revision }, completed, nowMs)));
}

function eventsOf(of: AttemptOf, step: ReportedStep, nowMs: number): readonly AttemptEvent[] {
  const timed = { ...of, leaseUntilMs: nowMs + LEASE_MS };
  switch (step.step) {
    case 'fetched':
      return [{ type: 'attempt.fetched.v1', data: { ...timed, source: short(step.source, 2_000) } }];
    case 'rendered':
      return [{ type: 'attempt.rendered.v1', data: { ...timed, objects: step.objects, digest: step.digest } }];
    case 'planned': {
      const { rendered, digest, changes, changeCount, warnings, inventory } = step.plan;
      const shown = changes.slice(0, 100).map(({ object, action, fields, takesBackFrom }) => ({
        object: short(object, 200),
        action,
        fields: fields.slice(0, 5).map((field) => short(field, 60)),
        takesBackFrom,
      }));
      const planned: AttemptEvent = {
        type: 'attempt.planned.v1',
        data: {
          ...timed,
          rendered,
          digest,
          changes: shown,
          changeCount: changeCount ?? changes.filter(({ action }) => action !== 'unchanged').length,
          warnings: warnings.slice(0, 20).map((warning) => short(warning, 300)),
        },
      };
      return [...inventoryEvents(of, inventory), planned];
    }
    case 'applied': {
      const { done, all } = step.waves;
      return [
        ...inventoryEvents(of, step.objects),
        {
          type: 'attempt.applied.v1',
          data: { ...timed, wave: short(step.wave, 100), objects: step.objects.length, done, all },
        },
      ];
    }
    case 'progressing':
      return [
        {
          type: 'attempt.progressing.v1',
          data: {
            ...timed,
            message: short(step.message, 2_000),
            ...(step.problem !== undefined && { problem: short(step.problem, 2_000) }),
          },
        },
      ];
    case 'healthy':
      return [{ type: 'attempt.healthy.v1', data: { ...timed, message: short(step.message, 2_000) } }];
    case 'pruned':
      return [
        {
          type: 'attempt.pruned.v1',
          data: {
            ...timed,
            objects: step.objects.slice(0, 100).map(({ kind, name }) => short(`${kind}/${name}`, 320)),
          },
        },
      ];
    default:
      return assertNever(step);
  }
}

/**
 * Lapses the attempt, so that all further requests of the worker are rejected. Does nothing while the lease is valid.
 */
function lapse({ applicationId, revision, nowMs }: Of<'lapse'>, progress: AttemptProgress): Outcome {
  if (progress.status !== 'claimed' || !progress.claim || nowMs < progress.claim.leaseUntilMs) return ok([]);
  return ok([{ type: 'attempt.lapsed.v1', data: { applicationId, revision, claim: progress.claim.number } }]);
}

function end(
  { applicationId, revision, claim: number, earlier = [], nowMs, outcome, inventory }: Of<'end'>,
  progress: AttemptProgress,
): Outcome {
  if (progress.status === 'ended' && progress.claim?.number === number) return ok([]);
  if (!holds(progress, number)) return err(deploymentsErrors.claimLost());
  const of: AttemptOf = { applicationId, revision };
  // Entries that are too many for one append were recorded earlier. All of them are kept, including objects that may be
  // deleted.
  const isComplete = inventory.length <= MAX_IN_APPEND;
  const closing: AttemptEvent[] =
    outcome.outcome === 'succeeded' && isComplete ? [{ type: 'attempt.inventory-settled.v1', data: of }] : [];
  return ok([
    ...earlier.flatMap((step) => eventsOf(of, step, nowMs)),
    ...closing,
    ...(isComplete ? inventoryEvents(of, inventory) : []),
    { type: 'attempt.ended.v1', data: { ...of, claim: number, outcome: shortened(outcome) } },
  ]);
}

const holds = ({ status, claim: present }: AttemptProgress, number: number): boolean =>
  status === 'claimed' && present?.number === number;

function inventoryEvents(of: AttemptOf, entries: readonly InventoryEntry[]): AttemptEvent[] {
  const events: AttemptEvent[] = [];
  for (let from = 0; from < entries.length; from += ENTRIES_AT_ONCE) {
    events.push({
      type: 'attempt.inventory-recorded.v1',
      data: { ...of, entries: entries.slice(from, from + ENTRIES_AT_ONCE) },
    });
  }
  return events;
}

/** Shortens external text to one line that fits into an event. */
const short = (text: string, most: number): string =>
  text.replace(/[\u0000-\u001f\u007f\u2028\u2029]+/g, ' ').slice(0, most);

const shortObject = ({ object, uid, takes, removes }: AdoptableObject): AdoptableObject => ({
  object: short(object, 600),
  uid: short(uid, 64),
  takes: takes.map(({ manager, fields }) => ({
    manager: short(manager, 256),
    fields: fields.map((field) => short(field, 400)),
  })),
  removes: removes.map((field) => short(field, 400)),
});

function shortened(outcome: AttemptOutcome): AttemptOutcome {
  switch (outcome.outcome) {
    case 'succeeded':
      return {
        ...outcome,
        message: short(outcome.message, 2_000),
        ...(outcome.kept && {
          kept: outcome.kept.map(({ object, contains }) => ({
            object: short(object, 400),
            contains: short(contains, 400),
          })),
        }),
      };
    case 'failed':
      return {
        ...outcome,
        message: short(outcome.message, 2_000),
        fix: outcome.fix === null ? null : short(outcome.fix, 500),
        serving: outcome.serving === null ? null : short(outcome.serving, 500),
        ...(outcome.adoptable && { adoptable: outcome.adoptable.map(shortObject) }),
      };
    case 'superseded':
      return outcome;
  }
}

/** Decides about the claims, steps and inventory of one attempt. */
export const attemptDecider: Decider<AttemptProgress, AttemptCommand, AttemptEvent, DeploymentsError> = {
  events: attemptEvents,
  initialState: unclaimed,
  evolve: evolveAttempt,
  decide,
};

/** Returns the name of an attempt's stream. */
export const attemptStream = (attemptId: string): string => `deployment-${attemptId}`;
