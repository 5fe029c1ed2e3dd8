// node tools/build.mjs apps/platform [FOLDER]: into dist/ or that folder, one self-contained file per app and per thread of it, with source maps, and beside them
// the data that they read; it runs in a folder without node_modules.
import { cpSync, existsSync, readdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
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
const absent = optional.filter((name) => !existsSync(`node_modules/${name}`));
const [app, folder = 'dist'] = process.argv.slice(2);
const { metafile } = await build({
  metafile: true,
  entryPoints: readdirSync(`${app}/src`).flatMap((name) => (/^main\.ts$|\.thread\.ts$/.test(name) ? [`${app}/src/${name}`] : [])),
  outdir: `${folder}/${app}`,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  sourcemap: true,
  keepNames: true,
  legalComments: 'linked',
  logLevel: 'error',
  external: absent.flatMap((name) => [name, `${name}/*`]),
  banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
});

// A package reads its data folder relative to its source (../data), which is now the program.
const packages = new Set(
  Object.keys(metafile.inputs)
    .filter((file) => file.startsWith('libs/'))
    .map((file) => dirname(dirname(file))),
);
for (const name of packages) if (basename(name) !== 'data' && existsSync(`${name}/data`)) cpSync(`${name}/data`, `${folder}/${dirname(app)}/data`, { recursive: true });
