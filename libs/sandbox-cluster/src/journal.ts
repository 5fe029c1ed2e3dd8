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

/** The journal is folded into a snapshot when it is this long, or as long as the snapshot. */
const JOURNAL_BYTES = 4 * 1024 * 1024;
/** So much of a snapshot is written in one go; requests get their turn in between. */
const CHUNK_BYTES = 64 * 1024;

/** One change of one object. */
export interface Line {
  /** The revision that the change made. */
  readonly r: number;
  readonly k: ObjectKey;
  /** Absent: removed. */
  readonly o?: KubeObject;
}

export interface Journal {
  /** Writes a change, a line of {@link lineOf}. Throws, and leaves nothing behind, when it cannot be written whole. */
  append(line: Buffer): void;
  /** Writes what is buffered, and gives the files up. */
  close(): void;
}

interface Contents {
  /** Everything that is there now, in the order in which lists show it, and the revision of the newest change. */
  everything(): { readonly revision: number; readonly objects: readonly Line[] };
  /** Takes in what the files say, oldest first. An object of the snapshot carries the snapshot's revision. */
  take(line: Line, bytes: number): void;
  /** The revision that the snapshot was made at. */
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
 * The files of one sandbox: a snapshot of everything at one revision, and journals of what came after it. A journal that has
 * grown long is left as it is, the next one begun, and a new snapshot written beside the serving; once that is whole, older
 * journals go. So a process may be killed at any moment: what a journal repeats of a snapshot is skipped, and a line that
 * was torn is cut off.
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
    if (this.isClosed) throw new Error('the journal is closed'); // its file's number may be another's by now
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
      const line = JSON.parse(text) as Partial<Line>; // our own file, whole since it was renamed
      if (line.k && line.o) this.contents.take({ r: this.revision, k: line.k, o: line.o }, length);
      else this.contents.begin((this.revision = line.r ?? 0));
      return true;
    });
  }

  /** @returns bytes of its whole lines */
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

  /** Begins the next journal, and a snapshot of what is there now. */
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
        // The next journal's end tries again.
        log.error({ err: String(outcome.failed) }, 'a snapshot of a sandbox was not written; its journals stay');
        return;
      }
      this.snapshotBytes = outcome.bytes;
      this.removeJournals(upTo);
    });
    this.snapshot.start();
  }

  /** What they hold is in the snapshot: one that stays is skipped. */
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

/** Writes everything into a draft, a piece at a time, and puts it in the snapshot's place once it is whole. */
class SnapshotWriter {
  private readonly file: number;
  private next = 0;
  private written = 0;
  private isOver = false;

  /** @param done is not called when it was ended before */
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

  /** Gives the draft up, where it was not finished. */
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
      fsync(this.file, (failed) => this.finish(failed)); // beside the serving: a disk may take long
    } catch (error) {
      this.finish(error);
    }
  }

  private finish(failed: unknown): void {
    if (this.isOver) return; // ended in the meantime
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

/** Numbers of the journals, oldest first. */
function generationsIn(folder: string): number[] {
  return readdirSync(folder)
    .flatMap((name) => /^journal\.(\d+)\.ndjson$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

/** A line of the files as it is written. */
export const lineOf = (line: Partial<Line> | undefined): Buffer => Buffer.from(`${JSON.stringify(line)}\n`);

/** Writes all of a line, in as many pieces as the system takes. @returns their number */
function writeAll(file: number, bytes: Buffer): number {
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
  return bytes.length;
}

/** Hands over line after line until one is refused. @returns bytes of the lines that were taken */
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
    return JSON.parse(text) as Line; // our own file
  } catch {
    return undefined; // torn
  }
}
