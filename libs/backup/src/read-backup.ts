import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { SealedEvent } from '#event-store';
import { reasonOf } from '#files';
import type { SealedCopy } from '#vault';
import type { z } from 'zod';
import { BackupError } from './backup-error.ts';
import {
  endSchema,
  eventSchema,
  FORMAT_VERSION,
  headerSchema,
  recordSchema,
  type BackupEnd,
  type BackupHeader,
} from './format.ts';

/** Maximum length of a line. The largest record is far smaller. */
const MAX_LINE_BYTES = 256 * 1024 * 1024;
const LINE_FEED = 0x0a;

/** A line of a backup. The end is returned only if it fits everything before it. */
export type BackupItem =
  | { readonly header: BackupHeader }
  | { readonly record: SealedCopy }
  | { readonly event: SealedEvent }
  | { readonly end: BackupEnd };

/**
 * Reads a backup from its first to its last line.
 *
 * @throws BackupError if the file cannot be read, is not a backup, is from a newer release, is truncated, or was
 *   changed.
 *   What was returned before may then be wrong.
 */
export async function* readBackup(file: string): AsyncGenerator<BackupItem> {
  const digest = createHash('sha256');
  let number = 0;
  let [records, events] = [0, 0];
  let hasEnded = false;
  for await (const bytes of linesIn(file)) {
    number += 1;
    if (hasEnded) throw new BackupError(`${file} continues after its last line; it is not what was exported.`);
    const content = parsed(bytes, file, number);
    if (number === 1) {
      yield { header: headerOf(content, file) };
    } else if ('record' in content) {
      records += 1;
      yield read(recordSchema, content, file, number);
    } else if ('event' in content) {
      events += 1;
      yield read(eventSchema, content, file, number);
    } else {
      const { end } = read(endSchema, content, file, number);
      if (end.sha256 !== digest.digest('hex') || end.records !== records || end.events !== events)
        throw new BackupError(`${file} was changed after it was exported; use another backup.`);
      hasEnded = true;
      yield { end };
      continue;
    }
    digest.update(bytes).update('\n');
  }
  if (!hasEnded) throw new BackupError(`${file} is not complete: its last line is missing. Use another backup.`);
}

function headerOf(content: object, file: string): BackupHeader {
  const header = headerSchema.safeParse(content);
  if (!header.success) throw new BackupError(`${file} is not a backup of npm run admin:export.`);
  const { version, release } = header.data;
  if (version > FORMAT_VERSION)
    throw new BackupError(`${file} was exported by the newer release ${release}; import it with that release.`);
  return header.data;
}

function parsed(bytes: Buffer, file: string, number: number): object {
  try {
    const content: unknown = JSON.parse(bytes.toString('utf8'));
    if (typeof content === 'object' && content !== null) return content;
  } catch {
    // reported below
  }
  throw number === 1 ? new BackupError(`${file} is not a backup of npm run admin:export.`) : damaged(file, number);
}

function read<T>(schema: z.ZodType<T>, content: object, file: string, number: number): T {
  const item = schema.safeParse(content);
  if (!item.success) throw damaged(file, number);
  return item.data;
}

const damaged = (file: string, number: number): BackupError =>
  new BackupError(`Line ${number} of ${file} is damaged or not complete; use another backup.`);

/**
 * Returns the lines of a file, without their line feeds.
 *
 * @throws BackupError
 */
export async function* linesIn(file: string): AsyncGenerator<Buffer> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  const chunks: AsyncIterable<Buffer> = createReadStream(file, { highWaterMark: 1024 * 1024 });
  try {
    for await (const chunk of chunks) {
      let start = 0;
      for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
        yield Buffer.concat([...rest, chunk.subarray(start, end)]);
        [rest, restBytes] = [[], 0];
        start = end + 1;
      }
      rest.push(chunk.subarray(start));
      restBytes += chunk.length - start;
      if (restBytes > MAX_LINE_BYTES) throw new BackupError(`${file} has a line of more than ${MAX_LINE_BYTES} bytes.`);
    }
  } catch (error) {
    if (error instanceof BackupError) throw error;
    throw new BackupError(`${file} cannot be read (${reasonOf(error)}).`, { cause: error });
  }
  if (restBytes > 0) yield Buffer.concat(rest);
}
