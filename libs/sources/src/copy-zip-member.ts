import { createReadStream, createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createInflateRaw } from 'node:zlib';

const MAX_TRAILER_BYTES = 65_557;

/**
 * Copies one member of a zip file to `target`, found in the central directory, stored or deflated (APPNOTE 4.3). For
 * files of installed packages only: sizes are not limited.
 *
 * @param mode of the new file
 * @throws Error if the file has no such member
 */
export async function copyZipMember(file: string, member: string, target: string, mode: number): Promise<void> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const read = async (position: number, length: number): Promise<Buffer> =>
      (await handle.read(Buffer.alloc(length), 0, length, position)).buffer;
    const tail = await read(Math.max(0, size - MAX_TRAILER_BYTES), Math.min(size, MAX_TRAILER_BYTES));
    const end = tail.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
    const directory = await read(tail.readUInt32LE(end + 16), tail.readUInt32LE(end + 12));
    for (let at = 0; at < directory.length;) {
      const nameLength = directory.readUInt16LE(at + 28);
      if (directory.toString('utf8', at + 46, at + 46 + nameLength) === member) {
        const offset = directory.readUInt32LE(at + 42);
        const header = await read(offset, 30);
        const start = offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
        const from = createReadStream(file, { start, end: start + directory.readUInt32LE(at + 20) - 1 });
        const to = createWriteStream(target, { mode });
        if (directory.readUInt16LE(at + 10) === 0) return await pipeline(from, to);
        return await pipeline(from, createInflateRaw(), to);
      }
      at += 46 + nameLength + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
    }
    throw new Error(`${file} has no ${member}`);
  } finally {
    await handle.close();
  }
}
