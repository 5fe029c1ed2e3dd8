import { maskAccessKey } from '#access';
import { ExitCode, type Options, type Outcome, type Session } from '#cli';
import type { configCommands } from './commands.ts';

/** Runs `config view`: prints the configuration file with keys and logins masked. */
export async function configView(
  _options: Options<typeof configCommands.configView>,
  session: Session,
): Promise<Outcome> {
  const masked = mask(session.config.content);
  if (session.print.format === 'json') session.print.line(JSON.stringify(masked, null, 2));
  else if (session.print.format === 'name') session.print.line(`config/${session.config.path}`);
  else {
    const { stringify } = await import('yaml');
    session.print.line(`# ${session.config.path}\n${stringify(masked)}`.trimEnd());
  }
  return ExitCode.Success;
}

function mask(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => mask(item));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, mask(member, key)]));
  if (typeof value !== 'string') return value;
  return name === 'key' ? maskAccessKey(value) : name === 'accessToken' ? '***' : value;
}
