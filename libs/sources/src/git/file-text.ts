import { err, ok, type DomainError, type Result } from '#kernel';
import { gitErrors } from './git-errors.ts';
import type { GitTree, TreeEntry } from './git-tree.ts';

/** Decodes a file. @returns its text without a byte order mark; an error if it is not UTF-8 */
export function decodeText(path: string, content: Uint8Array): Result<string, DomainError> {
  try {
    return ok(new TextDecoder('utf-8', { fatal: true }).decode(content));
  } catch {
    return err(gitErrors.fileRefused(`${path} is not a text in UTF-8.`, 'convert it to UTF-8, or leave it out'));
  }
}

/** Reads one file as text. */
export async function readText(tree: GitTree, entry: TreeEntry): Promise<Result<string, DomainError>> {
  const read = await tree.read([entry]);
  return read.ok ? decodeText(entry.path, read.value.get(entry.path) ?? new Uint8Array()) : read;
}
