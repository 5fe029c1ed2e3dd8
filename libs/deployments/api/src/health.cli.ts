import { ExitCode, isCommandError, usage, type Column, type Options, type Outcome, type Session } from '#cli';
import {
  getClusterHealthRequest,
  healthSettings,
  setClusterHealthRequest,
  type HealthSettings,
} from '#deployments/contract';
import type { clusterCommands } from './commands.cli.ts';
import { readDocumentFile } from './manifest-files.cli.ts';

type KindHealth = HealthSettings['kinds'][number];

/** Runs `clusters health get NAME`. */
export async function healthGet(
  { name }: Options<typeof clusterCommands.healthGet>,
  session: Session,
): Promise<Outcome> {
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const found = await session.call(getClusterHealthRequest, { org, name });
  if (!found.ok) return found.failure;
  await print(name, found.value, session);
  return ExitCode.Success;
}

/** Runs `clusters health set NAME -f FILE`: replaces all rules. */
export async function healthSet(
  { name, filename }: Options<typeof clusterCommands.healthSet>,
  session: Session,
): Promise<Outcome> {
  if (filename === undefined) return usage('Missing -f: specify a file or -.', 'add -f FILE or -f -');
  const settings = await readDocumentFile(filename, healthSettings, 'health rules', session.io);
  if (isCommandError(settings)) return settings;
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const changed = await session.call(setClusterHealthRequest, { org, name, ...settings });
  if (!changed.ok) return changed.failure;
  session.print.note(`Health rules of ${name} set.`);
  await print(name, changed.value, session);
  return ExitCode.Success;
}

const COLUMNS: readonly Column<KindHealth>[] = [
  { title: 'KIND', value: ({ group, kind }) => (group === '' ? kind : `${group}/${kind}`) },
  { title: 'OTHERWISE', value: ({ otherwise }) => otherwise ?? null },
  { title: 'RULES', value: ({ rules }) => rules.map(ruleText).join('; ') },
];

function ruleText(rule: KindHealth['rules'][number]): string {
  if ('path' in rule) return `${rule.path}=${rule.values.join('|')}: ${rule.health}`;
  const reasons = rule.reasons ? ` (${rule.reasons.join('|')})` : '';
  return `${rule.condition}=${rule.status}${reasons}: ${rule.health}`;
}

/** Structured formats have the form of the file. */
async function print(cluster: string, settings: HealthSettings, { print: printer }: Session): Promise<void> {
  const name = () => `cluster/${cluster}`;
  return printer.format === 'table' || printer.format === 'wide'
    ? printer.list(settings.kinds, { columns: COLUMNS, name, empty: 'No health rules.' })
    : printer.one(settings, { lines: [], name });
}
