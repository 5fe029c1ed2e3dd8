import { gzipSync } from 'node:zlib';
import { Header } from 'tar';

/** Member of a tar archive. */
export interface Member {
  readonly path: string;
  readonly content?: string | Uint8Array;
  readonly type?: 'File' | 'SymbolicLink' | 'Link' | 'Directory' | 'CharacterDevice';
  readonly linkpath?: string;
}

const BLOCK = 512;

/** Packs members exactly as given, including those that no program would write. */
export function packMembers(members: readonly Member[]): Buffer {
  const blocks = members.flatMap(({ path, content = '', type = 'File', linkpath }) => {
    const bytes = Buffer.from(content);
    const block = Buffer.alloc(BLOCK);
    new Header({
      path,
      size: bytes.length,
      mode: 0o644,
      type,
      mtime: new Date(0),
      ...(linkpath !== undefined && { linkpath }),
    }).encode(block);
    return [block, bytes, Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK)];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]));
}

/**
 * Packs a chart as `helm package` does.
 *
 * @param files texts by path, in addition to a Chart.yaml with this name and version
 */
export const packChart = (name: string, version: string, files: Readonly<Record<string, string>> = {}): Buffer =>
  packMembers(
    Object.entries({ 'Chart.yaml': `apiVersion: v2\nname: ${name}\nversion: ${version}\n`, ...files }).map(
      ([path, content]) => ({ path: `${name}/${path}`, content }),
    ),
  );
