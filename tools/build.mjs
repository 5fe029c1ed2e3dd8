// node tools/build.mjs apps/platform [FOLDER] [--pack]: bundles an app into dist/ or that folder: one file per app and
// per worker thread, with source maps, and the data files that they read. The result runs without node_modules. With
// --pack, also writes astroctl.tgz, the npm package of apps/astroctl, which the platform serves.
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { build } from 'esbuild';

// Optional peer dependencies of Nest, loaded lazily: installed ones are bundled, others are left external.
const optional = [
  '@fastify/multipart',
  '@fastify/static',
  '@fastify/view',
  '@grpc/grpc-js',
  '@grpc/proto-loader',
  '@nestjs/microservices',
  '@nestjs/platform-express',
  '@nestjs/websockets',
  'amqp-connection-manager',
  'amqplib',
  'class-transformer',
  'class-validator',
  'ioredis',
  'kafkajs',
  'mqtt',
];
const PACKAGE = 'astroctl.tgz';
/** Running programs may still load files of an earlier build. */
const KEEP_MS = 3_600_000;

/** Leaves out what is not used of @kubernetes/client-node, whose package does not say that its files have no side effects. */
const unusedKinds = {
  name: 'unused kinds',
  setup(builder) {
    builder.onResolve({ filter: /^\.\.?\// }, async ({ path, importer, resolveDir, kind, pluginData }) => {
      if (pluginData === unusedKinds || !importer.includes('/@kubernetes/client-node/')) return undefined;
      const found = await builder.resolve(path, { importer, resolveDir, kind, pluginData: unusedKinds });
      return { ...found, sideEffects: false };
    });
  },
};

const [app, folder = 'dist'] = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const isPacked = process.argv.includes('--pack');
/** For astroctl, which runs on users' machines. */
const OLDEST_NODE = 20;
/** Split into files that are loaded when a command needs them. */
const isStartedOften = app === 'apps/astroctl';
const absent = optional.filter((name) => !existsSync(`node_modules/${name}`));
const target = resolve(folder, app);
const common = {
  metafile: true,
  write: false,
  bundle: true,
  splitting: isStartedOften, // other apps need a fixed order: reflect-metadata is loaded before the files of Nest
  // its ES modules, since bundled CommonJS has no named exports
  ...(isStartedOften && { alias: { yaml: resolve('node_modules/yaml/browser/index.js') } }),
  outdir: target,
  platform: 'node',
  format: 'esm',
  target: isStartedOften ? `node${OLDEST_NODE}` : 'node24',
  keepNames: true,
  legalComments: 'linked',
  logLevel: 'error',
  plugins: [unusedKinds],
  external: absent.flatMap((name) => [name, `${name}/*`]),
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
};
const main = `${app}/src/main.ts`;
const parts = await build({ ...common, packages: 'external', entryPoints: [main] }); // packages contain no threads
const entries = [main, ...threadsBeside(Object.keys(parts.metafile.inputs))];
const { metafile, outputFiles } = await build({
  ...common,
  entryPoints: entries.map((file) => ({ in: file, out: basename(file, '.ts') })),
  outExtension: { '.js': '.mjs' },
  sourcemap: true,
});

/** Starts worker threads from files next to the program, where the build puts them. */
function threadsBeside(files) {
  const folders = new Set(files.filter((file) => !file.includes('node_modules/')).map((file) => dirname(file)));
  return [...folders].flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.thread.ts'))
      .map((name) => `${folder}/${name}`),
  );
}

/**
 * Escapes the characters that esbuild leaves, which are in comments and regular expressions. With any other character, V8
 * keeps the whole program in memory with two bytes per character.
 */
function inAscii(contents) {
  return Buffer.from(contents)
    .toString('utf8')
    .replaceAll(/[\u0080-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

// A package reads its data folder relative to its source (../data), which is now the program.
const packages = new Set(
  Object.keys(metafile.inputs)
    .filter((file) => file.startsWith('libs/'))
    .map((file) => dirname(dirname(file))),
);
for (const name of packages)
  if (basename(name) !== 'data' && existsSync(`${name}/data`)) {
    cpSync(`${name}/data`, join(dirname(target), 'data'), { recursive: true });
    const isUsed = (file) => !basename(file).startsWith('descriptions'); // only a cluster returns descriptions
    // astroctl is copied as a folder
    if (isStartedOften) cpSync(`${name}/data`, join(target, 'data'), { recursive: true, filter: isUsed });
  }

// The programs are written last, each atomically, so that a program always finds its files, even if two builds run at
// the same time.
mkdirSync(target, { recursive: true });
const programs = new Set(entries.map((file) => basename(file).replace(/ts$/, 'mjs')));
const isProgram = ({ path }) => programs.has(basename(path));
for (const { path, contents } of [
  ...outputFiles.filter((file) => !isProgram(file)),
  ...outputFiles.filter(isProgram),
]) {
  writeFileSync(`${path}.${process.pid}`, path.endsWith('.mjs') ? inAscii(contents) : contents);
  renameSync(`${path}.${process.pid}`, path);
}
if (isPacked && isStartedOften) pack();
const written = new Set([...outputFiles.map(({ path }) => basename(path)), PACKAGE, 'data']);
for (const name of readdirSync(target)) {
  const file = join(target, name);
  if (!written.has(name) && Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Infinity) > KEEP_MS)
    rmSync(file, { force: true });
}

/** Creates the npm package: the build without source maps, and a launcher that checks the version of Node. */
function pack() {
  const folder = mkdtempSync(join(tmpdir(), 'astroctl-'));
  const staged = join(folder, 'package');
  mkdirSync(staged);
  const { version, license } = JSON.parse(readFileSync('package.json', 'utf8'));
  const description = {
    name: 'astroctl',
    version,
    description: 'The command line of Astro Platform',
    license,
    type: 'module',
    bin: { astroctl: 'astroctl.mjs' },
    engines: { node: `>=${OLDEST_NODE}` },
  };
  const launcher = `#!/usr/bin/env node
if (Number(process.versions.node.split('.')[0]) < ${OLDEST_NODE}) {
  console.error('Error: Node ${OLDEST_NODE} or later is required, and this is ' + process.version + '.\\nFix:   install a newer one: https://nodejs.org');
  process.exit(1);
}
await import('./main.mjs');
`;
  writeFileSync(join(staged, 'package.json'), JSON.stringify(description, null, 2));
  writeFileSync(join(staged, 'astroctl.mjs'), launcher, { mode: 0o755 });
  cpSync('LICENSE', join(staged, 'LICENSE'));
  for (const { path, contents } of outputFiles)
    if (path.endsWith('.mjs') || path.endsWith('.txt')) writeFileSync(join(staged, basename(path)), contents);
  if (existsSync(join(target, 'data'))) cpSync(join(target, 'data'), join(staged, 'data'), { recursive: true });
  cpSync(join('docs', 'reference', 'schemas'), join(staged, 'schemas'), { recursive: true });
  const packed = spawnSync('npm', ['pack', '--ignore-scripts', '--offline', '--loglevel=error'], {
    cwd: staged,
    stdio: ['ignore', 'ignore', 2],
    shell: process.platform === 'win32',
    env: { ...process.env, npm_config_update_notifier: 'false', npm_config_cache: join(folder, 'cache') },
  });
  const made = join(staged, `astroctl-${version}.tgz`);
  if (packed.status === 0) {
    const draft = join(target, `${PACKAGE}.${process.pid}`);
    cpSync(made, draft); // the temporary folder may be on another disk
    renameSync(draft, join(target, PACKAGE));
  }
  rmSync(folder, { recursive: true, force: true });
  if (packed.status !== 0) throw new Error('npm pack failed');
}
