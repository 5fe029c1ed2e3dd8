import { createHash } from 'node:crypto';
import { createWriteStream, existsSync, renameSync, rmSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { checkedLog, type EventStore } from '#event-store';
import { position, VERSION, type Clock, type Ids } from '#kernel';
import type { SealedCopy, SealedVault } from '#vault';
import { BackupError } from './backup-error.ts';
import { eventLine, FORMAT_VERSION, line, recordLine, type BackupEnd, type BackupHeader } from './format.ts';

/** Clocks of the processes that write records may differ by less than this from that of the export. */
const CLOCK_DIFFERENCE_MS = 5 * 60_000;

export interface ExportOptions {
  readonly eventStore: EventStore;
  readonly vault: Pick<SealedVault, 'copies'>;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Returns whether a record can be computed again, and need not be exported. */
  readonly isDerived: (name: string) => boolean;
  /** Called when the content is complete, before the file gets its name. */
  readonly written: (end: BackupEnd) => Promise<void>;
}

/**
 * Writes a backup of the vault and the log, while other processes use them. The file (0600) appears complete, or not at
 * all. At most one record and one page of events are in memory.
 *
 * @throws BackupError if the file exists, or the log is damaged
 */
export async function writeBackup(file: string, options: ExportOptions): Promise<BackupEnd> {
  if (existsSync(file)) throw new BackupError(`${file} already exists; use another name.`);
  const draft = `${file}.${options.ids.uuid()}`;
  try {
    let end: BackupEnd | undefined;
    const content = async function* () {
      end = yield* linesOf(options);
    };
    await pipeline(content, createWriteStream(draft, { mode: 0o600, flags: 'wx', flush: true }));
    if (!end) throw new BackupError(`${file} could not be written completely.`);
    await options.written(end);
    renameSync(draft, file);
    return end;
  } finally {
    rmSync(draft, { force: true });
  }
}

/**
 * Returns the lines. A record is written before the event that names it, and removed after the event that ends its use.
 * The records are therefore read before the log, and those that were added in the meantime after it.
 */
async function* linesOf({ eventStore, vault, clock, isDerived }: ExportOptions): AsyncGenerator<string, BackupEnd> {
  const digest = createHash('sha256');
  const counted = (text: string): string => {
    digest.update(text);
    return text;
  };
  const startedMs = clock.now();
  const header: BackupHeader = {
    format: 'astro-platform-backup',
    version: FORMAT_VERSION,
    release: VERSION,
    createdAt: new Date(startedMs).toISOString(),
  };
  yield counted(line(header));

  let records = 0;
  const copied = async function* (copies: AsyncIterable<SealedCopy>) {
    for await (const copy of copies) {
      if (isDerived(copy.name)) continue;
      records += 1;
      yield counted(recordLine(copy));
    }
  };
  yield* copied(vault.copies());
  let events = 0;
  let last = position(eventStore.storeId, 0);
  for await (const part of checkedLog(eventStore)) {
    const [fault] = [...part.faults.values()].flat();
    if (fault)
      throw new BackupError(
        `${fault.message} A damaged log cannot be exported; run npm run admin:verify for all damage.`,
      );
    for (const event of part.events) {
      events += 1;
      last = event.position;
      yield counted(eventLine(event));
    }
  }
  yield* copied(vault.copies(startedMs - CLOCK_DIFFERENCE_MS));
  const end = { position: last, records, events, sha256: digest.digest('hex') };
  yield line({ end });
  return end;
}
