import { ExitCode, type Options, type Outcome, type Session } from '#cli';
import { aboutRequest } from '#identity/contract';
import { VERSION } from '#kernel';
import type { versionCommands } from './commands.ts';

/** Runs `version`: prints the version of astroctl, and that of the platform if it is available. */
export async function version(_options: Options<typeof versionCommands.version>, session: Session): Promise<Outcome> {
  const about = await session.call(aboutRequest, {});
  const server = about.ok ? about.value.version : null;
  await session.print.one(
    { astroctl: VERSION, platform: server, apiUrl: session.flags.apiUrl },
    { lines: ['astroctl', 'platform', 'apiUrl'], name: () => `version/${VERSION}` },
  );
  if (!about.ok) session.print.note(about.failure.detail);
  return ExitCode.Success;
}
