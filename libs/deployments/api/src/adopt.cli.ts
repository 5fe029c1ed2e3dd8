import type { OutputOf } from '#bus/contract';
import { ExitCode, isCommandError, type Options, type Outcome, type Session } from '#cli';
import { adoptApplicationRequest } from '#deployments/contract';
import { reasonIn, type applicationCommands } from './commands.cli.ts';
import { timeoutOf, waitForRollout } from './rollout-wait.cli.ts';

type Adopted = OutputOf<typeof adoptApplicationRequest>;

/**
 * Runs `app adopt NAME`: shows the objects and fields that the application would take over, asks for confirmation, and
 * deploys its latest revision again.
 */
export async function appAdopt(
  options: Options<typeof applicationCommands.appAdopt>,
  session: Session,
): Promise<Outcome> {
  const { name } = options;
  const timeoutMs = timeoutOf(options);
  if (isCommandError(timeoutMs)) return timeoutMs;
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const input = { org, name, ...reasonIn(options) };
  const shown = await session.call(adoptApplicationRequest, input, { dryRun: true });
  if (!shown.ok) return shown.failure;
  const { objects, adopts } = shown.value;
  if (options['dry-run']) {
    const text = objects.flatMap(linesOf).join('\n');
    await session.print.done(shown.value, { text, name: `application/${name}` });
    return ExitCode.Success;
  }
  for (const line of objects.flatMap(linesOf)) session.print.note(line);
  const what = objects.length === 1 ? 'this object' : `these ${objects.length} objects`;
  const sure = await session.confirm(`Take over ${what} for ${name}?`);
  if (isCommandError(sure)) return sure;
  const done = await session.call(adoptApplicationRequest, {
    ...input,
    ...(adopts !== undefined && { attempt: adopts }),
  });
  if (!done.ok) return done.failure;
  const { application, changed } = done.value;
  await session.print.done(done.value, {
    text: `application/${name} ${changed ? 'adopted' : 'unchanged'}`,
    name: `application/${name}`,
  });
  if (!options.wait) {
    session.print.note(`Next: astroctl app wait ${name}`);
    return ExitCode.Success;
  }
  const { version, attempt: requested } = application;
  return waitForRollout(session, {
    org,
    name,
    version,
    ...(requested && { attempt: requested.number }),
    goal: 'running',
    timeoutMs,
    narrate: true,
  });
}

const linesOf = ({ object, takes, removes }: Adopted['objects'][number]): readonly string[] => [
  object,
  ...takes.map(({ manager, fields }) => `  takes from ${manager}: ${fields.join(', ')}`),
  ...(removes.length > 0 ? [`  removes, since the manifest does not contain them: ${removes.join(', ')}`] : []),
];
