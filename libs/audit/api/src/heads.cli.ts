import { createReadStream, readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import {
  getAuditHeadRequest,
  listAuditKeysRequest,
  listSealedEventsRequest,
  proveAuditRequest,
  rotateAuditKeyRequest,
  verifyAuditRequest,
} from '#audit/contract';
import type { OutputOf } from '#bus/contract';
import {
  ExitCode,
  isCommandError,
  usage,
  withErrorExit,
  type CommandError,
  type Io,
  type Options,
  type Outcome,
  type Session,
} from '#cli';
import { parseInstant } from '#kernel';
import { parseCheckpoint, parseNote, parseVerifierKey, type Checkpoint, type VerifierKey } from '#transparency';
import type { headCommands } from './heads-commands.cli.ts';
import { exportEntries } from './log.cli.ts';
import {
  signedCheckpoint,
  UnreadableFileError,
  verifyEvent,
  verifyExport,
  verifyExtension,
  type ExportHeader,
  type Verdict,
} from './offline-verification.ts';

/** Exit code of `audit verify` for a log that is not what was recorded. */
const ALTERED = 1;
/** Bytes of a proof or a head. */
const FILE_BYTES = 1024 * 1024;
const VERIFY_MS = 35_000;

/** Runs `audit head`: prints the note. */
export async function auditHead(_options: Options<typeof headCommands.auditHead>, session: Session): Promise<Outcome> {
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const found = await session.call(getAuditHeadRequest, { org });
  if (!found.ok) return found.failure;
  const { note, organizationId } = found.value;
  if (session.print.format === 'table' || session.print.format === 'wide') session.print.line(note.trimEnd());
  else await session.print.one(found.value, { lines: [], name: () => `audit/${organizationId}` });
  return ExitCode.Success;
}

/** Runs `audit keys`. */
export async function auditKeys(_options: Options<typeof headCommands.auditKeys>, session: Session): Promise<Outcome> {
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const found = await session.list(listAuditKeysRequest, { org });
  if (!found.ok) return found.failure;
  await session.print.list(found.value, {
    columns: [
      { title: 'KEY', value: ({ key }) => key },
      { title: 'CREATED', value: ({ createdAt }) => createdAt },
      { title: 'RETIRED', value: ({ retiredAt }) => retiredAt },
      { title: 'LAST-HEAD', value: ({ lastHeadAt }) => lastHeadAt },
    ],
    name: ({ key }) => `audit-key/${key}`,
    empty: 'No head was signed yet. The first one is signed within a minute.',
  });
  return ExitCode.Success;
}

/** Runs `admin audit-keys rotate`. */
export async function auditKeysRotate(
  _options: Options<typeof headCommands.auditKeysRotate>,
  session: Session,
): Promise<Outcome> {
  const done = await session.call(rotateAuditKeyRequest, {});
  if (!done.ok) return done.failure;
  const name = `audit-key/${done.value.publicKey}`;
  await session.print.done(done.value, { text: `${name} created`, name });
  session.print.note('It signs all heads from now on. Tell those who verify your logs: astroctl audit keys');
  return ExitCode.Success;
}

/** Runs `audit prove POSITION`: prints event, index, hashes, and the signed head as JSON. */
export async function auditProve(options: Options<typeof headCommands.auditProve>, session: Session): Promise<Outcome> {
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const found = await session.call(proveAuditRequest, { org, position: options.position });
  if (!found.ok) return found.failure;
  session.print.line(JSON.stringify(found.value, null, 2));
  return ExitCode.Success;
}

/** Runs `audit verify`. */
export async function auditVerify(
  options: Options<typeof headCommands.auditVerify>,
  session: Session,
): Promise<Outcome> {
  const { against, event, file } = options;
  if (event !== undefined && (file !== undefined || against !== undefined))
    return usage('--event cannot be combined with --file or --against.', 'see: astroctl audit verify -h');
  const keys = keysOf(options.key);
  if (isCommandError(keys)) return keys;
  if ((event !== undefined || file !== undefined) && keys.length === 0)
    return usage('Files are verified with a key that you trust.', 'add --key KEY; see: astroctl audit keys');
  const older = against === undefined ? undefined : headIn(against, session.io);
  if (isCommandError(older)) return older;
  try {
    if (event !== undefined) {
      const text = textOf(event, session.io);
      return isCommandError(text) ? text : await printVerdict(verifyEvent(text, keys), session);
    }
    if (file !== undefined) {
      if (older) {
        const signed = signedCheckpoint(older.note, keys);
        if (!signed.ok) return await printVerdict(signed, session);
      }
      return await printVerdict(await verifyExport(linesOf(file, session.io), keys, older?.checkpoint), session);
    }
  } catch (error) {
    return usage(error instanceof UnreadableFileError ? error.message : `The file cannot be read (${codeOf(error)}).`);
  }
  const outcome = older ? await verifyAgainst(older, keys, session) : await verifyOnline(session);
  return isCommandError(outcome) ? withErrorExit(outcome) : outcome;
}

async function verifyOnline(session: Session): Promise<Outcome> {
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const found = await session.call(verifyAuditRequest, { org }, { timeoutMs: VERIFY_MS });
  if (!found.ok) return found.failure;
  const { fault, head, ...counts } = found.value;
  const shown = {
    ...counts,
    head: head && `${head.size} events, signed at ${head.signedAt}`,
    fault: fault && `${fault.stream} revision ${fault.revision} at position ${fault.position}: ${fault.message}`,
  };
  const asJson = session.print.format === 'json' || session.print.format === 'yaml';
  await session.print.one(asJson ? found.value : shown, {
    lines: ['whole', 'events', 'streams', 'heads', 'unsigned', 'head', 'fault'],
    name: () => nameOf(found.value.whole),
  });
  return found.value.whole ? ExitCode.Success : ALTERED;
}

async function verifyAgainst(older: KeptHead, given: readonly VerifierKey[], session: Session): Promise<Outcome> {
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const keys = given.length > 0 ? given : await listedKeys(org, session);
  if (isCommandError(keys)) return keys;
  const signed = signedCheckpoint(older.note, keys);
  if (!signed.ok) return printVerdict(signed, session);
  const found = await session.call(proveAuditRequest, { org, from: older.checkpoint.size });
  if (!found.ok && found.failure.code === 'audit/size-unknown')
    return printVerdict({ ok: false, error: found.failure.detail }, session);
  if (!found.ok) return found.failure;
  const { head, consistency } = found.value;
  return printVerdict(verifyExtension(older.checkpoint, head, keys, consistency?.proof ?? []), session);
}

async function listedKeys(org: string, session: Session): Promise<readonly VerifierKey[] | CommandError> {
  const found = await session.list(listAuditKeysRequest, { org });
  if (!found.ok) return found.failure;
  return found.value.map(({ key }) => parseVerifierKey(key)).filter((parsed) => parsed !== undefined);
}

/** Runs `audit export`: prints a header, an event per line, and the signed head. */
export async function auditExport(
  options: Options<typeof headCommands.auditExport>,
  session: Session,
): Promise<Outcome> {
  if (options.format === 'csv') return exportEntries(options, session);
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const selects = selectionOf(options);
  if (isCommandError(selects)) return selects;
  const first = await session.call(listSealedEventsRequest, { org });
  if (!first.ok) return first.failure;
  const { organizationId, size, note } = first.value.head;
  const origin = note.slice(0, note.indexOf('\n'));
  const complete = selects === undefined;
  const header: ExportHeader = { format: 'astro-audit/1', organizationId, origin, size, complete };
  session.print.line(JSON.stringify(header));
  for (let page: OutputOf<typeof listSealedEventsRequest> = first.value; ;) {
    for (const item of page.events) {
      if (complete) session.print.line(JSON.stringify(item));
      else if (selects(item.event)) {
        const proved = await session.call(proveAuditRequest, { org, position: item.event.position, to: size });
        if (!proved.ok) return proved.failure;
        session.print.line(JSON.stringify({ ...item, proof: proved.value.inclusion?.proof }));
      }
    }
    if (page.next === undefined) break;
    const next = await session.call(listSealedEventsRequest, { org, from: page.next, size });
    if (!next.ok) return next.failure;
    page = next.value;
  }
  session.print.line(JSON.stringify({ note }));
  return ExitCode.Success;
}

type Selection = (event: OutputOf<typeof listSealedEventsRequest>['events'][number]['event']) => boolean;

/** Returns which events are exported; undefined for all. */
function selectionOf({
  type,
  actor,
  since,
  until,
}: Options<typeof headCommands.auditExport>): Selection | undefined | CommandError {
  const times = [since, until].map((text) => (text === undefined ? undefined : parseInstant(text)));
  const [from, to] = times;
  if ((since !== undefined && from === undefined) || (until !== undefined && to === undefined))
    return usage('--since and --until take a date or an RFC 3339 time.', 'such as 2026-11-01 or 2026-11-01T09:00:00Z');
  if (type.length === 0 && actor === undefined && since === undefined && until === undefined) return undefined;
  return (event) => {
    const recorded = Date.parse(event.recordedAt);
    return (
      (type.length === 0 || type.includes(event.type)) &&
      (actor === undefined || event.actor === actor) &&
      (from === undefined || recorded >= from) &&
      (to === undefined || recorded < to)
    );
  };
}

async function printVerdict(verdict: Verdict | { ok: false; error: string }, session: Session): Promise<Outcome> {
  const result = verdict.ok
    ? {
        whole: true,
        events: verdict.value.events,
        log: verdict.value.checkpoint.origin,
        size: verdict.value.checkpoint.size,
      }
    : { whole: false, fault: verdict.error };
  await session.print.one<{ whole: boolean; events?: number; log?: string; size?: number; fault?: string }>(result, {
    lines: verdict.ok ? ['whole', 'events', 'log', 'size'] : ['whole', 'fault'],
    name: ({ whole }) => nameOf(whole),
  });
  return verdict.ok ? ExitCode.Success : ALTERED;
}

const nameOf = (whole: boolean): string => `audit/${whole ? 'whole' : 'altered'}`;

interface KeptHead {
  readonly note: string;
  readonly checkpoint: Checkpoint;
}

function headIn(file: string, io: Io): KeptHead | CommandError {
  const text = textOf(file, io);
  if (isCommandError(text)) return text;
  const note = `${text.trimEnd()}\n`;
  const parsed = parseNote(note);
  const checkpoint = parsed && parseCheckpoint(parsed.text);
  return checkpoint
    ? { note, checkpoint }
    : usage(`${file} is not a signed head.`, 'keep one: astroctl audit head > head');
}

function keysOf(texts: readonly string[]): readonly VerifierKey[] | CommandError {
  const keys = texts.map(parseVerifierKey).filter((key) => key !== undefined);
  return keys.length === texts.length
    ? keys
    : usage('--key is not a verifier key.', 'copy it from: astroctl audit keys');
}

function textOf(file: string, io: Io): string | CommandError {
  try {
    const path = resolve(io.cwd, file);
    if (statSync(path).size > FILE_BYTES) return usage(`${file} is larger than 1 MB.`, 'check the file');
    return readFileSync(path, 'utf8');
  } catch (error) {
    return usage(`${file} cannot be read (${codeOf(error)}).`, 'check the path');
  }
}

const linesOf = (file: string, io: Io): AsyncIterable<string> =>
  createInterface({ input: createReadStream(resolve(io.cwd, file)), crlfDelay: Number.POSITIVE_INFINITY });

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unknown error';
