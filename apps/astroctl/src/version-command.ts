import { ExitCode, type Options, type Outcome, type Session } from '#cli';
import { aboutRequest } from '#identity/contract';
import { VERSION } from '#kernel';
import type { versionCommands } from './commands.ts';

/** `version`: of astroctl, and of the platform when it answers. */
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
