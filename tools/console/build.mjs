// node tools/console/build.mjs [FOLDER]: builds the console into the folder, with compressed copies of its files. Without a
// folder, into a cache in node_modules whose name depends on the sources, unless it is there already. Prints the folder.
import { createHash, randomUUID } from 'node:crypto';
import {
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { once } from '../once.mjs';

/** Bytes of compressed JavaScript that the first page may have. A build that has more fails. */
const FIRST_PAGE_BYTES = 220 * 1024;
const root = fileURLToPath(new URL('../..', import.meta.url));
const target = process.argv[2] === undefined ? cached() : resolve(process.argv[2]);
const build = () => buildInto(target);
if (process.argv[2] === undefined)
  await once(`${target}.building`, () => existsSync(join(target, 'index.html')), build);
else await build();
console.log(target);

/** Returns the folder of the cache for the present sources. */
function cached() {
  const sources = globSync(
    ['apps/console/**/*', 'libs/{kernel,access,api-client}/src/**/*.ts', 'libs/*/contract/src/**/*.ts'],
    { cwd: root, withFileTypes: true },
  )
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !file.endsWith('.spec.ts'))
    .sort();
  const hash = createHash('sha256');
  for (const file of [...sources, join(root, 'package-lock.json'), fileURLToPath(import.meta.url)])
    hash.update(file.slice(root.length)).update('\0').update(readFileSync(file)).update('\0');
  return join(root, 'node_modules', '.cache', 'astro-console', hash.digest('hex').slice(0, 16));
}

/** Builds into a folder beside the target, which then takes its place, so that the target is always whole. */
async function buildInto(folder) {
  process.env.NODE_ENV = 'production'; // Vite keeps a value that is set, and React's development build is 75 KB larger
  const draft = `${folder}.${randomUUID()}`;
  const vite = await import('vite');
  await vite.build({
    configFile: join(root, 'apps', 'console', 'vite.config.mjs'),
    logLevel: 'warn',
    build: { outDir: draft, emptyOutDir: true },
  });
  const assets = join(draft, 'assets');
  for (const name of readdirSync(assets)) {
    const bytes = readFileSync(join(assets, name));
    writeFileSync(join(assets, `${name}.gz`), gzipSync(bytes, { level: 9 }));
    writeFileSync(join(assets, `${name}.br`), brotliCompressSync(bytes));
  }
  const page = readFileSync(join(draft, 'index.html'), 'utf8');
  const scripts = [...page.matchAll(/"\/(assets\/[^"]+\.js)"/g)].map(([, path]) => join(draft, `${path}.gz`));
  const size = scripts.reduce((sum, file) => sum + statSync(file).size, 0);
  if (scripts.length === 0 || size > FIRST_PAGE_BYTES) {
    rmSync(draft, { recursive: true, force: true });
    throw new Error(
      `The first page of the console has ${size} bytes of compressed JavaScript, and may have ${FIRST_PAGE_BYTES}. ` +
        'Load what it does not show at once on demand.',
    );
  }
  mkdirSync(dirname(folder), { recursive: true });
  if (process.argv[2] !== undefined) rmSync(folder, { recursive: true, force: true });
  try {
    renameSync(draft, folder);
  } catch (error) {
    if (!existsSync(join(folder, 'index.html'))) throw error;
    rmSync(draft, { recursive: true, force: true }); // another process has built the same
  }
}
