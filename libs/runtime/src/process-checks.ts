import { statfs } from 'node:fs/promises';
import type { Dependency } from '#http';
import { err, withTimeout, type Clock } from '#kernel';
import type { CheckResult } from '#runtime/contract';
import type { Configuration } from './configuration.ts';
import type { EnginePort, Engines } from './engines.ts';
import { VARIABLES } from './variables.ts';

export interface ProcessCheckOptions {
  readonly settings: { readonly configuration: Configuration; readonly dataFolder: string };
  readonly engines: Engines;
  readonly clock: Clock;
  readonly dependencies: () => Promise<readonly Dependency[]>;
}

const MEBIBYTE = 1024 * 1024;
/** Milliseconds after which the mail server counts as unavailable. */
const TIMEOUT_MS = 3_000;
/** Free space of the data folder, in bytes, below which the check warns or fails. */
const LOW_BYTES = 1024 * MEBIBYTE;
const FULL_BYTES = 100 * MEBIBYTE;
/** Ports whose embedded engine writes to the data folder. */
const STORED: readonly (EnginePort & keyof Configuration)[] = ['eventStore', 'readStore', 'vault', 'queue'];

/** Checks what all services of a process share: stores, bus, mail, and the disk of the embedded engines. */
export async function processChecks({
  settings: { configuration, dataFolder },
  engines,
  clock,
  dependencies,
}: ProcessCheckOptions): Promise<readonly CheckResult[]> {
  const isEmbedded = STORED.some((port) => engines[port] !== undefined && configuration[port].kind === 'embedded');
  const [all, mail, ...others] = await Promise.all([
    dependencies(),
    engines.mail && mailCheck(engines.mail, configuration, clock),
    ...(isEmbedded ? [diskCheck(dataFolder)] : []),
  ]);
  const found = all.filter(({ name }) => name !== mail?.name);
  const log: CheckResult[] =
    engines.eventStore && !found.some(({ name }) => name === 'event log')
      ? [ok('event log', 'This process has found no damage in the log; npm run admin:verify reads all of it.')]
      : [];
  const sent = all.find(({ name }) => name === mail?.name);
  return [...found.map(dependencyCheck), ...log, ...(mail ? [withLastMessage(mail, sent)] : []), ...others];
}

/** Adds to the check of the mail server that it did not take the last message. */
function withLastMessage(mail: CheckResult, sent: Dependency | undefined): CheckResult {
  if (mail.status !== 'ok' || sent?.ok !== false) return mail;
  const message = `The mail server responds, but the last message was not sent (${sent.detail ?? 'no reply'}).`;
  return { ...mail, status: 'warn', message, fix: 'see the log of the process' };
}

const ok = (name: string, message: string): CheckResult => ({ name, status: 'ok', message, fix: null });

/** What to do about a dependency that is not available. */
const FIXES: Readonly<Record<string, string>> = {
  service: 'wait until the process has started',
  'event store': `check that the server of ${VARIABLES.eventStore.name} runs, and see the log of the process`,
  'event log': 'see the operator guide, "A damaged log"; if an upgrade is in progress, finish it',
  'read store': `check that the server of ${VARIABLES.readStore.name} runs, and see the log of the process`,
  vault: `check that the server of ${VARIABLES.vault.name} runs, and see the log of the process`,
  'work queue': `check that the server of ${VARIABLES.queue.name} runs, and see the log of the process`,
  bus: `check that the server of ${VARIABLES.bus.name} runs`,
  'login issuer': `check ${VARIABLES.oidcIssuer.name}, and see docs/operations/login.md`,
};

/** Returns the check of a dependency of `/readyz`. */
function dependencyCheck({ name, ok: isAvailable, detail }: Dependency): CheckResult {
  if (isAvailable) return ok(name, name === 'service' ? 'The process has started.' : `The ${name} responds.`);
  const isSentence = detail?.includes(' ') === true;
  const message = isSentence
    ? `${detail.replace(/\.$/, '')}.`
    : `The ${name} is not available (${detail ?? 'no reply'}).`;
  return { name, status: 'failed', message, fix: FIXES[name] ?? 'see the log of the process' };
}

async function mailCheck(
  mail: NonNullable<Engines['mail']>,
  { mail: engine }: Configuration,
  clock: Clock,
): Promise<CheckResult> {
  const name = 'mail';
  if (engine.kind === 'embedded')
    return {
      name,
      status: 'warn',
      message: 'No mail server is configured: whoever invites somebody has to give them the link.',
      fix: `set ${VARIABLES.mail.name} and ${VARIABLES.mailFrom.name}`,
    };
  const silent = err({ kind: 'unavailable' as const, reason: 'no reply' });
  const checked = await withTimeout(clock, TIMEOUT_MS, mail.check(), () => silent);
  return checked.ok
    ? ok(name, 'The mail server accepts messages.')
    : {
        name,
        status: 'failed',
        message: `The mail server does not accept messages (${checked.error.reason}).`,
        fix: `check ${VARIABLES.mail.name}`,
      };
}

async function diskCheck(folder: string): Promise<CheckResult> {
  const name = 'disk';
  try {
    const { bavail, bsize } = await statfs(folder);
    const free = bavail * bsize;
    const message = `The disk of the data folder has ${sizeOf(free)} of free space.`;
    if (free >= LOW_BYTES) return ok(name, message);
    return {
      name,
      status: free < FULL_BYTES ? 'failed' : 'warn',
      message,
      fix: 'free some space, or enlarge the disk',
    };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return {
      name,
      status: 'failed',
      message: `The disk of the data folder cannot be read (${code}).`,
      fix: `check ${VARIABLES.dataDir.name}`,
    };
  }
}

const sizeOf = (bytes: number): string =>
  bytes >= 1024 * MEBIBYTE ? `${Math.floor(bytes / MEBIBYTE / 102.4) / 10} GiB` : `${Math.floor(bytes / MEBIBYTE)} MiB`;
