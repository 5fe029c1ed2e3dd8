import { ExitCode, isCommandError, type Column, type Options, type Outcome, type Session } from '#cli';
import { applicationTopRequest, type ResourcesUse } from '#deployments/contract';
import type { applicationCommands } from './commands.cli.ts';

type Row = ResourcesUse & { readonly pod: string; readonly container?: string };
type Amount = ResourcesUse['cpu'];

/** Runs `app top NAME`: a row for each pod or container, and the total. */
export async function appTop(options: Options<typeof applicationCommands.appTop>, session: Session): Promise<Outcome> {
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const found = await session.call(applicationTopRequest, { org, name: options.name });
  if (!found.ok) return found.failure;
  const { print } = session;
  if (print.format === 'json' || print.format === 'yaml') {
    await print.one(found.value, { lines: [] });
    return ExitCode.Success;
  }
  const { items, total } = found.value;
  const rows = items.flatMap(({ name: pod, containers, cpu, memory }): Row[] =>
    options.containers
      ? containers.map(({ name: container, ...use }) => ({ pod, container, ...use }))
      : [{ pod, cpu, memory }],
  );
  const hasTotal = rows.length > 0 && print.format !== 'name';
  await print.list(hasTotal ? [...rows, { pod: 'total', ...total }] : rows, {
    columns: [
      { title: options.containers ? 'POD' : 'NAME', value: (row) => row.pod },
      ...(options.containers ? [{ title: 'NAME', value: (row: Row) => row.container }] : []),
      ...columnsOf('CPU', ({ cpu }) => cpu, cpuText),
      ...columnsOf('MEMORY', ({ memory }) => memory, memoryText),
    ],
    name: ({ pod, container }) => (container === undefined ? `pod/${pod}` : `pod/${pod}/${container}`),
    empty: 'No pods.',
  });
  return ExitCode.Success;
}

const columnsOf = (
  title: string,
  amountOf: (row: Row) => Amount,
  textOf: (amount: number) => string,
): readonly Column<Row>[] => {
  const shown = (amount: number | null): string | null => (amount === null ? null : textOf(amount));
  return [
    { title, value: (row) => shown(amountOf(row).used) },
    { title: `${title}-REQUEST`, value: (row) => shown(amountOf(row).request) },
    { title: `${title}-LIMIT`, value: (row) => limitText(amountOf(row), textOf) },
  ];
};

/** Returns the limit, and how much of it is used: `500m (2%)`. */
function limitText({ used, limit }: Amount, textOf: (amount: number) => string): string | null {
  if (limit === null) return null;
  const part = used === null || limit === 0 ? '' : ` (${Math.round((used / limit) * 100)}%)`;
  return `${textOf(limit)}${part}`;
}

const MEBIBYTE = 1_048_576;
/** Like `kubectl top`. */
const cpuText = (millicores: number): string => `${millicores}m`;
const memoryText = (bytes: number): string => `${Math.floor(bytes / MEBIBYTE)}Mi`;
