import {
  ExitCode,
  isCommandError,
  type CommandError,
  type Column,
  type Options,
  type Outcome,
  type Session,
} from '#cli';
import { aboutRequest } from '#identity/contract';
import { abortAfter } from '#kernel';
import { doctorRequest, type DoctorCheck, type DoctorReport } from '#operations/contract';
import { z } from 'zod';
import type { doctorCommands } from './commands.cli.ts';

const COLUMNS: readonly Column<DoctorCheck>[] = [
  { title: 'STATUS', value: ({ status }) => status },
  { title: 'SERVICE', value: ({ service }) => service },
  { title: 'CHECK', value: ({ name }) => name },
  { title: 'MESSAGE', value: ({ message }) => message },
];

/**
 * Runs `admin doctor`. A read exits 0 whatever it reports. If a login is impossible, prints what can be seen without one,
 * and returns the error of the login.
 */
export async function doctor(_options: Options<typeof doctorCommands.doctor>, session: Session): Promise<Outcome> {
  const login = await session.login();
  if (isCommandError(login)) return withoutLogin(login, session);
  const checked = await session.call(doctorRequest, {});
  if (!checked.ok) return checked.failure;
  await print(checked.value, session);
  return ExitCode.Success;
}

async function print(report: DoctorReport, { print: printer }: Session): Promise<void> {
  const { format } = printer;
  if (format === 'json' || format === 'yaml') return printer.one(report, { lines: ['status', 'version', 'time'] });
  await printer.list(report.checks, {
    columns: COLUMNS,
    name: ({ service, name }) => `check/${service}/${name}`,
  });
  for (const { service, name, fix } of report.checks) if (fix !== null) printer.note(`Fix ${service}, ${name}: ${fix}`);
}

async function withoutLogin(login: CommandError, session: Session): Promise<CommandError> {
  const { io } = session;
  if (io.interrupted.aborted) return login;
  const about = await session.call(aboutRequest, {});
  if (!about.ok) return about.failure;
  const checks = (await dependenciesAt(session))?.map(checkOf) ?? [
    { ...GATEWAY, name: 'service', status: 'failed', message: 'The gateway does not respond to /readyz.', fix: null },
  ];
  const { version } = about.value;
  const status = checks.find((check) => check.status !== 'ok')?.status ?? 'ok';
  await print({ status, version, time: new Date(io.clock.now()).toISOString(), services: [], checks }, session);
  return login;
}

const GATEWAY = { service: 'gateway' };
/** Milliseconds after which the gateway counts as unavailable. */
const TIMEOUT_MS = 5_000;

const dependency = z.object({
  name: z.string().max(100),
  ok: z.boolean(),
  detail: z.string().max(1_000).optional(),
});
const readiness = z.object({ dependencies: z.array(dependency).max(100) });

/** Returns the dependencies that `/readyz` lists; undefined if it does not respond. It responds 503 if one is missing. */
async function dependenciesAt({ flags, io }: Session): Promise<readonly z.infer<typeof dependency>[] | undefined> {
  try {
    const signal = AbortSignal.any([io.interrupted, abortAfter(io.clock, TIMEOUT_MS)]);
    const response = await fetch(`${flags.apiUrl.replace(/\/+$/, '')}/readyz`, { signal, redirect: 'error' });
    return readiness.parse(await response.json()).dependencies;
  } catch {
    return undefined;
  }
}

const checkOf = ({ name, ok, detail }: z.infer<typeof dependency>): DoctorCheck => ({
  ...GATEWAY,
  name,
  status: ok ? 'ok' : 'failed',
  message: ok ? `The ${name} responds.` : `The ${name} is not available (${detail ?? 'no reply'}).`,
  fix: null,
});
