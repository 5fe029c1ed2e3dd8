import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { SourceContext } from './source.ts';

/**
 * Calls `use` with a new empty folder of mode 0700 below `context.folder`, and deletes it afterwards, whatever happens.
 *
 * @returns the result of `use`
 */
export async function withTempFolder<T>(
  context: Pick<SourceContext, 'folder'>,
  use: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(context.folder, 'source-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Returns the bytes of all files in a folder and the folders below it. */
export async function folderBytes(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size;
  return bytes;
}
