import { ExitCode, type Column, type Options, type Outcome, type Session } from '#cli';
import {
  listProjectionsRequest,
  rebuildProjectionRequest,
  retryProjectionRequest,
  type ProjectionView,
} from '#operations/contract';
import type { projectionCommands } from './commands.cli.ts';

const COLUMNS: readonly Column<ProjectionView>[] = [
  { title: 'NAME', value: ({ name }) => name },
  { title: 'SERVICE', value: ({ context }) => context },
  { title: 'STATE', value: stateOf },
  { title: 'LAG', value: ({ lagEvents }) => lagEvents },
  { title: 'LAG-SECONDS', value: ({ lagSeconds }) => lagSeconds },
  { title: 'PARKED', value: ({ parked }) => parked },
  { title: 'POSITION', value: ({ position }) => position, wide: true },
  { title: 'LEADER', value: ({ leader }) => leader, wide: true },
  { title: 'REASON', value: reasonOf, wide: true },
];

/** Runs `admin projections list`. */
export async function projectionsList(
  _options: Options<typeof projectionCommands.projectionsList>,
  session: Session,
): Promise<Outcome> {
  const listed = await session.list(listProjectionsRequest, {});
  if (!listed.ok) return listed.failure;
  await session.print.list(listed.value, {
    columns: COLUMNS,
    name: ({ name }) => `projection/${name}`,
    empty: 'No service with projections answered.',
  });
  return ExitCode.Success;
}

/** Runs `admin projections rebuild NAME`. */
export async function projectionsRebuild(
  { projection }: Options<typeof projectionCommands.projectionsRebuild>,
  session: Session,
): Promise<Outcome> {
  const done = await session.call(rebuildProjectionRequest, { name: projection });
  if (!done.ok) return done.failure;
  const name = `projection/${done.value.name}`;
  await session.print.done(done.value, { text: `${name} rebuilding`, name });
  session.print.note('Its current documents continue to serve. Progress: astroctl admin projections list');
  return ExitCode.Success;
}

/** Runs `admin projections retry NAME`. */
export async function projectionsRetry(
  { projection }: Options<typeof projectionCommands.projectionsRetry>,
  session: Session,
): Promise<Outcome> {
  const done = await session.call(retryProjectionRequest, { name: projection });
  if (!done.ok) return done.failure;
  const name = `projection/${done.value.name}`;
  const left = done.value.parked === 0 ? 'no parked documents' : `${done.value.parked} documents still parked`;
  await session.print.done(done.value, { text: `${name} retried, ${left}`, name });
  return ExitCode.Success;
}

function stateOf({ state, rebuild }: ProjectionView): string {
  return state === 'rebuilding' && rebuild ? `${state} ${rebuild.percent}%` : state;
}

function reasonOf({ reason, rebuild, parkedDocuments: [first] }: ProjectionView): string | null {
  if (reason !== null) return reason;
  if (rebuild !== null && rebuild.failure !== null) return `The last rebuild failed: ${rebuild.failure}`;
  return first ? `${first.documentId}: ${first.reason}` : null;
}
