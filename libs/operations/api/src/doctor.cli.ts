import { ExitCode, type Column, type Options, type Outcome, type Session } from '#cli';
import { doctorRequest, type DoctorCheck } from '#operations/contract';
import type { doctorCommands } from './commands.cli.ts';

const COLUMNS: readonly Column<DoctorCheck>[] = [
  { title: 'STATUS', value: ({ status }) => status },
  { title: 'SERVICE', value: ({ service }) => service },
  { title: 'CHECK', value: ({ name }) => name },
  { title: 'MESSAGE', value: ({ message }) => message },
];

/** Runs `admin doctor`. A read exits 0 whatever it reports. */
export async function doctor(_options: Options<typeof doctorCommands.doctor>, session: Session): Promise<Outcome> {
  const checked = await session.call(doctorRequest, {});
  if (!checked.ok) return checked.failure;
  const report = checked.value;
  const { format } = session.print;
  if (format === 'json' || format === 'yaml') {
    await session.print.one(report, { lines: ['status', 'version', 'time'] });
    return ExitCode.Success;
  }
  await session.print.list(report.checks, {
    columns: COLUMNS,
    name: ({ service, name }) => `check/${service}/${name}`,
  });
  for (const { service, name, fix } of report.checks)
    if (fix !== null) session.print.note(`Fix ${service}, ${name}: ${fix}`);
  return ExitCode.Success;
}
