import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { format, resolveConfig } from 'prettier';
import { skeletonOf } from './command.ts';

const USAGE =
  'npm run new -- command CONTEXT NAME [--of NOUN], for example: npm run new -- command organizations archive';

/** Writes the skeleton of a command. @returns the files that were written, relative to `root` */
export async function writeCommand(root: string, args: readonly string[]): Promise<readonly string[]> {
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { of: { type: 'string' } },
  });
  const [what, context, name, ...others] = positionals;
  if (what !== 'command' || context === undefined || name === undefined || others.length > 0) throw new Error(USAGE);
  const paths = globSync(['libs/**/src/**/*.ts', 'libs/*/README.md'], { cwd: root }).map((file) =>
    file.replaceAll('\\', '/'),
  );
  const files = new Map(paths.toSorted().map((file) => [file, readFileSync(join(root, file), 'utf8')]));
  const written = skeletonOf(files, { context, name, ...(values.of !== undefined && { of: values.of }) });
  for (const [file, text] of written) {
    const path = join(root, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, await format(text, { ...(await resolveConfig(join(root, 'package.json'))), filepath: path }));
  }
  return [...written.keys()];
}

if (process.argv[1] === import.meta.filename) {
  try {
    const written = await writeCommand(join(import.meta.dirname, '..', '..'), process.argv.slice(2));
    process.stdout.write(`${written.map((file) => `  ${file}\n`).join('')}
Next: write the decision until its spec passes; correct the event, the route, the permission, and the words of the command;
then: npm run projections:accept, npm run reference, npm run check
`);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 2;
  }
}
