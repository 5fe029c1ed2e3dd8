import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Contents of files by path. Paths are relative to the folder of the chart, with `/`, and without `.` and `..`. */
export type ChartFiles = ReadonlyMap<string, Uint8Array>;

/** Limits of a chart together with its dependencies. */
export const MAX_FILES = 10_000;
export const MAX_TOTAL_BYTES = 100 * 1_048_576;

const WRITES_AT_A_TIME = 16;

/** Returns whether a path can be a file of a chart: relative, without `..`, and valid on every system. */
export const isPlainPath = (path: string): boolean =>
  path.length <= 1_024 &&
  !/[\\\u0000-\u001f]|^[A-Za-z]:/.test(path) &&
  path.split('/').every((part) => part !== '' && part !== '.' && part !== '..' && part.length <= 255);

/** Why files cannot be written to a folder. */
export interface FilesRefusal {
  /** Completes a sentence that begins with the name of the chart. */
  readonly why: string;
  readonly isTooLarge: boolean;
}

/** @returns undefined if the files can be written to a folder */
export function filesRefusal(files: ChartFiles): FilesRefusal | undefined {
  if (files.size > MAX_FILES) return { why: `has more than ${MAX_FILES} files`, isTooLarge: true };
  let bytes = 0;
  for (const [path, content] of files) {
    bytes += content.length;
    if (bytes > MAX_TOTAL_BYTES) return { why: `is larger than ${MAX_TOTAL_BYTES / 1_048_576} MB`, isTooLarge: true };
    if (!isPlainPath(path))
      return { why: `has a file with the path ${JSON.stringify(path.slice(0, 200))}`, isTooLarge: false };
    for (let end = path.indexOf('/'); end !== -1; end = path.indexOf('/', end + 1))
      if (files.has(path.slice(0, end)))
        return { why: `has a file and a folder with the path ${path.slice(0, end)}`, isTooLarge: false };
  }
  return undefined;
}

/** Writes files into a new folder, which then contains no links. `filesRefusal` must return undefined for them. */
export async function writeFiles(folder: string, files: ChartFiles): Promise<void> {
  const folders = new Set([folder, ...[...files.keys()].map((path) => dirname(join(folder, path)))]);
  for (const each of folders) await mkdir(each, { recursive: true, mode: 0o700 });
  const entries = [...files];
  for (let first = 0; first < entries.length; first += WRITES_AT_A_TIME)
    await Promise.all(
      entries
        .slice(first, first + WRITES_AT_A_TIME)
        .map(([path, content]) => writeFile(join(folder, path), content, { mode: 0o600, flag: 'wx' })),
    );
}
