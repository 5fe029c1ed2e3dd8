import type { OutputOf } from '#bus/contract';
import { ExitCode, isCommandError, type CallResult, type Options, type Outcome, type Session } from '#cli';
import {
  pauseApplicationRequest,
  restartApplicationRequest,
  resumeApplicationRequest,
  syncApplicationRequest,
} from '#deployments/contract';
import { reasonIn, type applicationCommands } from './commands.cli.ts';
import { confirmingRemovals } from './confirm-removals.cli.ts';
import { timeoutOf, waitForRollout } from './rollout-wait.cli.ts';

type Waiting = Options<typeof applicationCommands.appSync>;

/** Runs `app sync NAME`: deploys the latest revision again. */
export const appSync = (options: Waiting, session: Session): Promise<Outcome> =>
  again(
    (input) => confirmingRemovals(session, (allow) => session.call(syncApplicationRequest, { ...input, ...allow })),
    'synced',
    options,
    session,
  );

/** Runs `app restart NAME`: deploys the latest revision again and replaces its pods. */
export const appRestart = (options: Waiting, session: Session): Promise<Outcome> =>
  again((input) => session.call(restartApplicationRequest, input), 'restarted', options, session);

async function again(
  send: (input: {
    readonly org: string;
    readonly name: string;
    readonly message?: string;
  }) => Promise<CallResult<OutputOf<typeof restartApplicationRequest>>>,
  word: string,
  options: Waiting,
  session: Session,
): Promise<Outcome> {
  const { name, wait } = options;
  const timeoutMs = timeoutOf(options);
  if (isCommandError(timeoutMs)) return timeoutMs;
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const done = await send({ org, name, ...reasonIn(options) });
  if (!done.ok) return done.failure;
  const { application, changed } = done.value;
  const text = `application/${name} ${changed ? word : 'unchanged'}`;
  await session.print.done(done.value, { text, name: `application/${name}` });
  if (!wait) {
    session.print.note(`Next: astroctl app wait ${name}`);
    return ExitCode.Success;
  }
  const { version, attempt } = application;
  return waitForRollout(session, {
    org,
    name,
    version,
    ...(attempt && { attempt: attempt.number }),
    goal: 'running',
    timeoutMs,
    narrate: true,
  });
}

/** Runs `app pause NAME`. */
export async function appPause(
  { name, ...options }: Options<typeof applicationCommands.appPause>,
  session: Session,
): Promise<Outcome> {
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const done = await session.call(pauseApplicationRequest, { org, name, ...reasonIn(options) });
  if (!done.ok) return done.failure;
  const text = `application/${name} ${done.value.changed ? 'paused' : 'unchanged'}`;
  await session.print.done(done.value, { text, name: `application/${name}` });
  session.print.note(`New revisions of ${name} are not deployed until: astroctl app resume ${name}`);
  return ExitCode.Success;
}

/** Runs `app resume NAME`. */
export async function appResume(
  { name, ...options }: Options<typeof applicationCommands.appResume>,
  session: Session,
): Promise<Outcome> {
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const done = await session.call(resumeApplicationRequest, { org, name, ...reasonIn(options) });
  if (!done.ok) return done.failure;
  const { application, changed, attemptId } = done.value;
  const text = `application/${name} ${changed ? 'resumed' : 'unchanged'}`;
  await session.print.done(done.value, { text, name: `application/${name}` });
  if (attemptId !== null)
    session.print.note(`${name} ${application.version} is deployed. Next: astroctl app wait ${name}`);
  return ExitCode.Success;
}
