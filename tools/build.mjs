// node tools/build.mjs apps/platform [FOLDER]: into dist/ or that folder, a file per app and per thread of what it is made of,
// with source maps, and beside them the data that they read; it runs without node_modules.
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { build } from 'esbuild';

// Nest's optional peers, loaded lazily: what is installed goes into the file, what is not stays out.
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
/** A program that began before may still load the parts of an earlier build. */
const KEEP_MS = 3_600_000;

const [app, folder = 'dist'] = process.argv.slice(2);
/** Its parts are files of their own, read when a command needs them. */
const isStartedOften = app === 'apps/astroctl';
const absent = optional.filter((name) => !existsSync(`node_modules/${name}`));
const target = resolve(folder, app);
const common = {
  metafile: true,
  write: false,
  bundle: true,
  splitting: isStartedOften, // elsewhere order matters more: Nest's files need reflect-metadata before them
  ...(isStartedOften && { alias: { yaml: resolve('node_modules/yaml/browser/index.js') } }), // its ES modules: CommonJS has no named exports where it is a part
  outdir: target,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  keepNames: true,
  legalComments: 'linked',
  logLevel: 'error',
  external: absent.flatMap((name) => [name, `${name}/*`]),
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
};
const main = `${app}/src/main.ts`;
const parts = await build({ ...common, entryPoints: [main] });
const entries = [main, ...threadsBeside(Object.keys(parts.metafile.inputs))];
const { metafile, outputFiles } = await build({
  ...common,
  entryPoints: entries.map((file) => ({ in: file, out: basename(file, '.ts') })),
  outExtension: { '.js': '.mjs' },
  sourcemap: true,
});

/** Threads are started by a file beside them, and begin beside the program when they are built. */
function threadsBeside(files) {
  const folders = new Set(files.filter((file) => !file.includes('node_modules/')).map((file) => dirname(file)));
  return [...folders].flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.thread.ts'))
      .map((name) => `${folder}/${name}`),
  );
}

// A package reads its data folder relative to its source (../data), which is now the program.
const packages = new Set(
  Object.keys(metafile.inputs)
    .filter((file) => file.startsWith('libs/'))
    .map((file) => dirname(dirname(file))),
);
for (const name of packages)
  if (basename(name) !== 'data' && existsSync(`${name}/data`))
    cpSync(`${name}/data`, join(dirname(target), 'data'), { recursive: true });

// The programs last, each file in one step: whoever finds a program, and be it while two build at once, finds its parts.
mkdirSync(target, { recursive: true });
const programs = new Set(entries.map((file) => basename(file).replace(/ts$/, 'mjs')));
const isProgram = ({ path }) => programs.has(basename(path));
for (const { path, contents } of [
  ...outputFiles.filter((file) => !isProgram(file)),
  ...outputFiles.filter(isProgram),
]) {
  writeFileSync(`${path}.${process.pid}`, contents);
  renameSync(`${path}.${process.pid}`, path);
}
const written = new Set(outputFiles.map(({ path }) => basename(path)));
for (const name of readdirSync(target)) {
  const file = join(target, name);
  if (!written.has(name) && Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Infinity) > KEEP_MS)
    rmSync(file, { force: true });
}
