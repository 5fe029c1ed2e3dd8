import {
  closeSync,
  existsSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { makePrivateFolder } from '#files';
import type { Logger } from '#kernel';
import type { KubeObject, ObjectKey } from './store.ts';
import { inTurn } from './turns.ts';

/** Journal size in bytes that starts a new snapshot, unless the last snapshot is larger. */
const JOURNAL_BYTES = 4 * 1024 * 1024;
/** Bytes of a snapshot that are written in one turn, so that requests are not delayed. */
const CHUNK_BYTES = 64 * 1024;

/** One change of one object. */
export interface Line {
  /** Revision of the change. */
  readonly r: number;
  readonly k: ObjectKey;
  /** The object; missing if it was removed. */
  readonly o?: KubeObject;
}

export interface Journal {
  /**
   * Appends a change, a line of {@link lineOf}. Throws if it cannot be written completely; then the file is unchanged.
   */
  append(line: Buffer): void;
  /** Flushes and closes the files. */
  close(): void;
}

interface Contents {
  /** Returns all objects, in the order of lists, and the current revision. */
  everything(): { readonly revision: number; readonly objects: readonly Line[] };
  /** Applies a line of the files, oldest first. An object of the snapshot has the snapshot's revision. */
  take(line: Line, bytes: number): void;
  /** Sets the revision of the snapshot. */
  begin(revision: number): void;
}

const SNAPSHOT = 'snapshot.ndjson';
const DRAFT = 'snapshot.ndjson.tmp';
const journalName = (generation: number): string => `journal.${generation}.ndjson`;

interface Place {
  readonly folder: string;
  readonly log: Logger;
}

/**
 * Opens the files of one sandbox: a snapshot of all objects at one revision, and journals of later changes. When a
 * journal is full, the next one is started and a new snapshot is written in the background. Older journals are deleted
 * when the snapshot is complete. The process may be killed at any time: journal lines that the snapshot contains are
 * skipped, and an incomplete last line is truncated.
 */
export const openJournal = (place: Place, contents: Contents): Journal => new FileJournal(place, contents);

class FileJournal implements Journal {
  private generation: number;
  private file: number;
  private revision = 0;
  private snapshotBytes = 0;
  private journalBytes = 0;
  private snapshot: SnapshotWriter | undefined;
  private isClosed = false;

  constructor(
    private readonly place: Place,
    private readonly contents: Contents,
  ) {
    const { folder } = place;
    makePrivateFolder(folder);
    rmSync(join(folder, DRAFT), { force: true });
    const known = generationsIn(folder);
    this.loadSnapshot();
    for (const generation of known) this.journalBytes = this.loadJournal(join(folder, journalName(generation)));
    this.generation = known.at(-1) ?? 1;
    this.file = openSync(join(folder, journalName(this.generation)), 'a', 0o600);
  }

  append(line: Buffer): void {
    if (this.isClosed) throw new Error('the journal is closed'); // the file descriptor may belong to another file now
    if (!this.snapshot && this.journalBytes > Math.max(JOURNAL_BYTES, this.snapshotBytes)) this.fold();
    try {
      this.journalBytes += writeAll(this.file, line);
    } catch (error) {
      ftruncateSync(this.file, this.journalBytes);
      throw error;
    }
  }

  close(): void {
    this.isClosed = true;
    this.snapshot?.end();
    fsyncSync(this.file);
    closeSync(this.file);
  }

  private loadSnapshot(): void {
    const path = join(this.place.folder, SNAPSHOT);
    if (!existsSync(path)) return;
    const bytes = readFileSync(path);
    this.snapshotBytes = bytes.length;
    eachLine(bytes, (text, length) => {
      // Written by this program, and complete because the file was renamed.
      const line = JSON.parse(text) as Partial<Line>;
      if (line.k && line.o) this.contents.take({ r: this.revision, k: line.k, o: line.o }, length);
      else this.contents.begin((this.revision = line.r ?? 0));
      return true;
    });
  }

  /**
   * Loads a journal.
   * @returns bytes of its complete lines
   */
  private loadJournal(path: string): number {
    const bytes = readFileSync(path);
    const whole = eachLine(bytes, (text, length) => {
      const line = parsed(text);
      if (!line) return false;
      if (line.r > this.revision) {
        this.revision = line.r;
        this.contents.take(line, length);
      }
      return true;
    });
    if (whole < bytes.length) {
      this.place.log.warn({ bytes: bytes.length - whole }, 'a torn end of a sandbox journal was cut off');
      const torn = openSync(path, 'r+');
      ftruncateSync(torn, whole);
      closeSync(torn);
    }
    return whole;
  }

  /** Starts the next journal, and a snapshot of the current objects. */
  private fold(): void {
    const { folder, log } = this.place;
    const upTo = this.generation;
    const following = openSync(join(folder, journalName(upTo + 1)), 'a', 0o600);
    closeSync(this.file);
    this.file = following;
    this.generation += 1;
    this.journalBytes = 0;
    this.snapshot = new SnapshotWriter(folder, this.contents.everything(), (outcome) => {
      this.snapshot = undefined;
      if ('failed' in outcome) {
        // The next full journal starts another attempt.
        log.error({ err: String(outcome.failed) }, 'a snapshot of a sandbox was not written; its journals stay');
        return;
      }
      this.snapshotBytes = outcome.bytes;
      this.removeJournals(upTo);
    });
    this.snapshot.start();
  }

  /** Deletes journals that the snapshot contains. One that cannot be deleted is skipped when loading. */
  private removeJournals(upTo: number): void {
    const { folder, log } = this.place;
    try {
      for (const older of generationsIn(folder))
        if (older <= upTo) rmSync(join(folder, journalName(older)), { force: true });
    } catch (error) {
      log.warn({ err: String(error) }, 'old journals of a sandbox were not removed');
    }
  }
}

type SnapshotOutcome = { readonly bytes: number } | { readonly failed: unknown };

/** Writes a snapshot to a draft file in several turns, and renames it when it is complete. */
class SnapshotWriter {
  private readonly file: number;
  private next = 0;
  private written = 0;
  private isOver = false;

  /** @param done not called if `end` was called before */
  constructor(
    private readonly folder: string,
    private readonly everything: ReturnType<Contents['everything']>,
    private readonly done: (outcome: SnapshotOutcome) => void,
  ) {
    this.file = openSync(join(folder, DRAFT), 'w', 0o600);
  }

  start(): void {
    inTurn(() => this.step());
  }

  /** Discards the draft if it is incomplete. */
  end(): void {
    if (this.isOver) return;
    this.isOver = true;
    closeSync(this.file);
    rmSync(join(this.folder, DRAFT), { force: true });
  }

  private step(): void {
    if (this.isOver) return;
    const { revision, objects } = this.everything;
    try {
      if (this.written === 0) this.written = writeAll(this.file, lineOf({ r: revision }));
      const enough = this.written + CHUNK_BYTES;
      for (; this.next < objects.length && this.written < enough; this.next += 1)
        this.written += writeAll(this.file, lineOf(objects[this.next]));
      if (this.next < objects.length) return this.start();
      fsync(this.file, (failed) => this.finish(failed)); // asynchronous, because a disk may take long
    } catch (error) {
      this.finish(error);
    }
  }

  private finish(failed: unknown): void {
    if (this.isOver) return; // ended while fsync was running
    let outcome: SnapshotOutcome = { bytes: this.written };
    try {
      if (failed) throw failed;
      renameSync(join(this.folder, DRAFT), join(this.folder, SNAPSHOT));
    } catch (error) {
      outcome = { failed: error };
    }
    this.end();
    this.done(outcome);
  }
}

/** Returns the numbers of the journals, oldest first. */
function generationsIn(folder: string): number[] {
  return readdirSync(folder)
    .flatMap((name) => /^journal\.(\d+)\.ndjson$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

/** Serializes a line of the files. */
export const lineOf = (line: Partial<Line> | undefined): Buffer => Buffer.from(`${JSON.stringify(line)}\n`);

/**
 * Writes all bytes, in as many calls as the system needs.
 * @returns number of bytes
 */
function writeAll(file: number, bytes: Buffer): number {
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
  return bytes.length;
}

/**
 * Passes each line to `take` until it returns false.
 * @returns bytes of the lines that it accepted
 */
function eachLine(bytes: Buffer, take: (text: string, length: number) => boolean): number {
  let start = 0;
  for (;;) {
    const end = bytes.indexOf(10, start);
    if (end < 0 || !take(bytes.toString('utf8', start, end), end + 1 - start)) return start;
    start = end + 1;
  }
}

function parsed(text: string): Line | undefined {
  try {
    return JSON.parse(text) as Line; // written by this program
  } catch {
    return undefined; // an incomplete line
  }
}
