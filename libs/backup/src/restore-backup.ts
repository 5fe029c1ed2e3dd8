import { LRUCache } from 'lru-cache';
import { faultBehind, verifyLog, type ChainLink, type EventStore, type SealedEvent } from '#event-store';
import type { SealedCopy, SealedVault } from '#vault';
import { BackupError } from './backup-error.ts';
import { addErasure, type Erasures } from './erasures.ts';
import type { BackupEnd, BackupHeader } from './format.ts';
import { readBackup } from './read-backup.ts';

interface CheckedBackup {
  readonly header: BackupHeader;
  readonly end: BackupEnd;
  /** People whose erasure the log of the backup records. */
  readonly erasures: Erasures;
}

/** Maximum number of streams whose chain is followed at a time. The imported log is verified completely. */
const FOLLOWED = 50_000;
/** Appends in progress at a time, on an engine that keeps their order. */
const AT_A_TIME = 256;
/** Records, and their bytes, of one write to the vault. */
const BATCH = { records: 100, bytes: 8 * 1024 * 1024 } as const;

/**
 * Reads a complete backup, and checks its digest, the hash chains of its streams, and that the vault can open every
 * record. Changes nothing.
 *
 * @throws BackupError
 */
export async function checkBackup(file: string, vault: Pick<SealedVault, 'checkCopy'>): Promise<CheckedBackup> {
  const links = new LRUCache<string, ChainLink>({ max: FOLLOWED });
  const erasures: Erasures = new Map();
  let header: BackupHeader | undefined;
  let end: BackupEnd | undefined;
  for await (const item of readBackup(file)) {
    if ('header' in item) header = item.header;
    else if ('end' in item) end = item.end;
    else if ('record' in item) checkRecord(vault, item.record, file);
    else {
      checkEvent(links, item.event, file);
      addErasure(erasures, item.event);
    }
  }
  if (!header || !end) throw new BackupError(`${file} is not a backup of npm run admin:export.`);
  return { header, end, erasures };
}

function checkRecord(vault: Pick<SealedVault, 'checkCopy'>, copy: SealedCopy, file: string): void {
  try {
    vault.checkCopy(copy);
  } catch (error) {
    throw new BackupError(
      `${file} cannot be imported with the sealing keys of this platform. ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}

function checkEvent(links: LRUCache<string, ChainLink>, event: SealedEvent, file: string): void {
  const { stream, revision, hash } = event;
  const last = links.get(stream);
  const isForgotten = last === undefined && revision > 0 && links.size === FOLLOWED;
  const fault = isForgotten ? undefined : faultBehind(last, event);
  if (fault)
    throw new BackupError(
      `${file} was changed: stream ${stream} is damaged at revision ${revision} (${fault}). Use another backup.`,
    );
  links.set(stream, { revision, hash });
}

/**
 * Writes a checked backup into an empty vault and an empty log: IDs, streams, revisions, times, hashes, and the order
 * of the events are kept. Positions belong to the new log.
 *
 * @throws BackupError if the file has changed since it was checked, or the log does not accept an event
 */
export async function restoreBackup(
  file: string,
  { eventStore, vault }: { readonly eventStore: EventStore; readonly vault: SealedVault },
): Promise<void> {
  const records = new RecordBatch(vault);
  const events = new AppendsInOrder(eventStore);
  for await (const item of readBackup(file)) {
    if ('record' in item) await records.add(item.record);
    else if ('event' in item) {
      await records.flush(); // records exist before the events that name them
      await events.append(item.event);
    }
  }
  await records.flush();
  await events.settled();
}

class RecordBatch {
  private copies: SealedCopy[] = [];
  private bytes = 0;

  constructor(private readonly vault: SealedVault) {}

  async add(copy: SealedCopy): Promise<void> {
    this.copies.push(copy);
    this.bytes += copy.size;
    if (this.copies.length >= BATCH.records || this.bytes >= BATCH.bytes) await this.flush();
  }

  async flush(): Promise<void> {
    if (this.copies.length === 0) return;
    await this.vault.restore(this.copies);
    this.copies = [];
    this.bytes = 0;
  }
}

class AppendsInOrder {
  private readonly pending: Promise<void>[] = [];

  constructor(private readonly eventStore: EventStore) {}

  async append(event: SealedEvent): Promise<void> {
    const appended = this.one(event);
    appended.catch(() => {}); // reported by `settled`
    this.pending.push(appended);
    if (!this.eventStore.appendsInOrder || this.pending.length >= AT_A_TIME) await this.settled();
  }

  async settled(): Promise<void> {
    await Promise.all(this.pending.splice(0));
  }

  private async one(event: SealedEvent): Promise<void> {
    const { stream, revision } = event;
    const outcome = await this.eventStore.append(stream, [event], revision - 1);
    if (!outcome.ok)
      throw new BackupError(`Revision ${revision} of stream ${stream} was not imported (${outcome.error.code}).`);
  }
}

/**
 * Verifies the hash chains of the imported log.
 *
 * @returns the number of its streams
 * @throws BackupError
 */
export async function verifyRestored(eventStore: EventStore): Promise<number> {
  const step = await verifyLog(eventStore).next();
  if (!step.done) throw new BackupError(`The imported log is not what was exported. ${step.value.message}`);
  return step.value.streams;
}
