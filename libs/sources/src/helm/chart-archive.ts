import { createGunzip } from 'node:zlib';
import { Parser, type ReadEntry } from 'tar';
import { err, ok, type DomainError, type Result } from '#kernel';
import { sourceErrors } from '../source-errors.ts';
import { filesRefusal, isPlainPath, MAX_FILES, MAX_TOTAL_BYTES, type ChartFiles } from './chart-files.ts';
import { tooLargeError } from './download.ts';
import { helmErrors } from './helm-errors.ts';

/** Files of an archive. Their paths are relative to the only folder in it. */
export interface ChartArchive {
  readonly files: ChartFiles;
  /** Links and other members that are not files. They are left out, as helm does. */
  readonly ignored: readonly string[];
}

/** Headers of an archive, in addition to the content of its files. */
const MAX_STREAM_BYTES = MAX_TOTAL_BYTES + (MAX_FILES + 1) * 2_048;
const FILE_TYPES = new Set(['File', 'OldFile', 'ContiguousFile']);
const FOLDER_TYPES = new Set(['Directory', 'GNUDumpDir']);

/**
 * Reads a chart as `helm package` writes it, in memory: at most 10,000 files of 100 MB in total.
 *
 * @param what for errors, such as `The archive of chart web 1.2.3`
 */
export async function readChartArchive(bytes: Uint8Array, what: string): Promise<Result<ChartArchive, DomainError>> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return err(helmErrors.notAChart(what, 'it is not compressed with gzip'));
  const reader = new ArchiveReader(what);
  const gunzip = createGunzip();
  gunzip.end(bytes);
  let length = 0;
  try {
    for await (const chunk of gunzip) {
      length += (chunk as Buffer).length;
      if (length > MAX_STREAM_BYTES) return err(tooLargeError(what, MAX_TOTAL_BYTES));
      reader.write(chunk as Buffer);
      if (reader.refusal) return err(reader.refusal);
      if (reader.isAtEnd) break; // the parser would keep whatever follows in memory
    }
  } catch {
    return err(helmErrors.notAChart(what, 'it is damaged')); // the error of zlib says no more
  } finally {
    gunzip.destroy();
  }
  return reader.end();
}

class ArchiveReader {
  refusal: DomainError | undefined;
  isAtEnd = false;
  private readonly files = new Map<string, Buffer>();
  private readonly ignored: string[] = [];
  private bytes = 0;
  private readonly parser = new Parser({
    onReadEntry: (entry) => this.read(entry),
    onwarn: (code) => {
      if (code === 'TAR_ENTRY_INVALID' || code === 'TAR_BAD_ARCHIVE' || code === 'TAR_ABORT') this.damaged();
    },
  });

  constructor(private readonly what: string) {
    this.parser.on('eof', () => (this.isAtEnd = true));
  }

  write(chunk: Buffer): void {
    this.parser.write(chunk);
  }

  end(): Result<ChartArchive, DomainError> {
    this.parser.end();
    if (this.refusal) return err(this.refusal);
    if (!this.files.has('Chart.yaml')) return err(helmErrors.notAChart(this.what, 'it has no Chart.yaml'));
    const refusal = filesRefusal(this.files);
    if (refusal) return err(helmErrors.notAChart(this.what, `it ${refusal.why}`));
    return ok({ files: this.files, ignored: this.ignored });
  }

  private damaged(): void {
    this.refusal ??= helmErrors.notAChart(this.what, 'it is damaged');
  }

  private read(entry: ReadEntry): void {
    const path = entry.path.replace(/^\.\//, '').replace(/\/$/, '');
    if (this.refusal || FOLDER_TYPES.has(entry.type) || !isPlainPath(path)) {
      if (!isPlainPath(path) && path !== '.' && path !== '')
        this.refusal ??= sourceErrors.renderRefused(
          `${this.what} has a member outside of its folder, ${JSON.stringify(path.slice(0, 200))}.`,
          'package the chart again with `helm package`',
        );
      return entry.resume();
    }
    const inner = path.slice(path.indexOf('/') + 1);
    if (!FILE_TYPES.has(entry.type)) {
      if (this.ignored.length < 10) this.ignored.push(inner);
      return entry.resume();
    }
    this.bytes += entry.size;
    if (this.files.size >= MAX_FILES)
      this.refusal ??= sourceErrors.tooLarge(`${this.what} has more than ${MAX_FILES} files.`, 'use a smaller chart');
    if (this.bytes > MAX_TOTAL_BYTES) this.refusal ??= tooLargeError(this.what, MAX_TOTAL_BYTES);
    if (this.refusal || !path.includes('/')) return entry.resume();
    const chunks: Buffer[] = [];
    entry.on('data', (chunk) => chunks.push(chunk));
    entry.on('end', () => this.files.set(inner, Buffer.concat(chunks)));
  }
}
