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

/**
 * The files of one sandbox: a snapshot of everything at one revision, and journals of what came after it. A journal that has
 * grown long is left as it is, the next one begun, and a new snapshot written beside the serving; once that is whole, older
 * journals go. So a process may be killed at any moment: what a journal repeats of a snapshot is skipped, and a line that
 * was torn is cut off.
 */
export function openJournal(
  { folder, log }: { readonly folder: string; readonly log: Logger },
  contents: Contents,
): Journal {
  makePrivateFolder(folder);
  rmSync(join(folder, DRAFT), { force: true });
  let revision = 0;
  let snapshotBytes = 0;
  let journalBytes = 0;
  const known = generations();
  loadSnapshot();
  for (const generation of known) journalBytes = loadJournal(join(folder, journalName(generation)));
  let generation = known.at(-1) ?? 1;
  let file = openSync(join(folder, journalName(generation)), 'a', 0o600);
  let folding: Folding | undefined;
  let isClosed = false;

  function generations(): number[] {
    return readdirSync(folder)
      .flatMap((name) => /^journal\.(\d+)\.ndjson$/.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
  }

  function loadSnapshot(): void {
    const path = join(folder, SNAPSHOT);
    if (!existsSync(path)) return;
    const bytes = readFileSync(path);
    snapshotBytes = bytes.length;
    eachLine(bytes, (text, length) => {
      const line = JSON.parse(text) as Partial<Line>; // our own file, whole since it was renamed
      if (line.k && line.o) contents.take({ r: revision, k: line.k, o: line.o }, length);
      else contents.begin((revision = line.r ?? 0));
      return true;
    });
  }

  /** @returns bytes of its whole lines */
  function loadJournal(path: string): number {
    const bytes = readFileSync(path);
    const whole = eachLine(bytes, (text, length) => {
      const line = parsed(text);
      if (!line) return false;
      if (line.r > revision) {
        revision = line.r;
        contents.take(line, length);
      }
      return true;
    });
    if (whole < bytes.length) {
      log.warn({ bytes: bytes.length - whole }, 'a torn end of a sandbox journal was cut off');
      const torn = openSync(path, 'r+');
      ftruncateSync(torn, whole);
      closeSync(torn);
    }
    return whole;
  }

  /** Begins the next journal, and a snapshot of what is there at this moment. */
  function fold(): void {
    const upTo = generation;
    const following = openSync(join(folder, journalName(upTo + 1)), 'a', 0o600);
    closeSync(file);
    file = following;
    generation += 1;
    journalBytes = 0;
    const now = contents.everything();
    const job: Folding = { file: openSync(join(folder, DRAFT), 'w', 0o600), isOver: false };
    folding = job;
    let next = 0;
    let written = 0;
    inTurn(step);

    function step(): void {
      if (job.isOver) return;
      try {
        if (written === 0) written = writeAll(job.file, lineOf({ r: now.revision }));
        const enough = written + CHUNK_BYTES;
        for (; next < now.objects.length && written < enough; next += 1)
          written += writeAll(job.file, lineOf(now.objects[next]));
        if (next < now.objects.length) {
          inTurn(step);
          return;
        }
        fsync(job.file, finish); // beside the serving: a disk may take long
      } catch (error) {
        fail(error);
      }
    }

    function finish(failed: Error | null): void {
      if (job.isOver) return; // closed meanwhile
      try {
        if (failed) throw failed;
        renameSync(join(folder, DRAFT), join(folder, SNAPSHOT));
        end(job);
        snapshotBytes = written;
        for (const older of generations()) if (older <= upTo) rmSync(join(folder, journalName(older)), { force: true });
      } catch (error) {
        fail(error);
      }
    }

    function fail(error: unknown): void {
      log.error({ err: String(error) }, 'a snapshot of a sandbox was not written; its journals stay'); // the next journal's end tries again
      end(job);
    }
  }

  function end(job: Folding): void {
    if (job.isOver) return;
    job.isOver = true;
    folding = undefined;
    closeSync(job.file);
    rmSync(join(folder, DRAFT), { force: true });
  }

  return {
    append(line) {
      if (isClosed) throw new Error('the journal is closed'); // its file's number may be another's by now
      if (!folding && journalBytes > Math.max(JOURNAL_BYTES, snapshotBytes)) fold();
      try {
        journalBytes += writeAll(file, line);
      } catch (error) {
        ftruncateSync(file, journalBytes);
        throw error;
      }
    },
    close() {
      isClosed = true;
      if (folding) end(folding);
      fsyncSync(file);
      closeSync(file);
    },
  };
}

/** A line of the files as it is written. */
export const lineOf = (line: Partial<Line> | undefined): Buffer => Buffer.from(`${JSON.stringify(line)}\n`);

interface Folding {
  readonly file: number;
  isOver: boolean;
}

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
