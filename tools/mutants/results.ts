import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { SLICES } from './slices.ts';

const survivorSchema = z.strictObject({
  file: z.string(),
  /** The line of the source where the mutation begins, without indentation. */
  line: z.string(),
  mutator: z.string(),
  /** The text that replaces a part of the line, on one line. */
  replacement: z.string(),
  /** Why no test kills this mutant. */
  reason: z.string(),
});

const resultSchema = z.strictObject({
  killed: z.number().int(),
  survivors: z.array(survivorSchema),
});

const resultsSchema = z.record(z.string(), resultSchema);

/** A mutant that the tests do not detect. */
export type Survivor = z.infer<typeof survivorSchema>;

/** The last result of each slice, by its name. */
export type Results = z.infer<typeof resultsSchema>;

/** Minimum share of killed mutants of each slice, in percent. */
export const REQUIRED_PERCENT = 90;

const HEAD = `# Results of \`npm run mutants\`, which keeps the reasons of mutants that survive again. \`npm run reference\` writes
# mutation-testing.md from this file.
`;

const fileOf = (root: string): string => join(root, 'docs', 'development', 'mutation-testing.yaml');

/** @throws Error if the file has another form */
export const readResults = (root: string): Results =>
  existsSync(fileOf(root)) ? resultsSchema.parse(parse(readFileSync(fileOf(root), 'utf8'))) : {};

/** Returns the path and the text of the file that contains the results. */
export const resultsFile = (root: string, results: Results): { readonly path: string; readonly text: string } => ({
  path: fileOf(root),
  text: HEAD + stringify(results, { lineWidth: 120 }),
});

/** Returns the percentage of killed mutants, rounded down to one decimal. */
export function percentKilled({ killed, survivors }: Results[string]): number {
  return Math.floor((1_000 * killed) / Math.max(1, killed + survivors.length)) / 10;
}

/** Returns the survivors with the reasons that the same mutants had before. New ones have an empty reason. */
export function withReasons(survivors: readonly Survivor[], before: readonly Survivor[]): Survivor[] {
  const known = [...before];
  return survivors.map((survivor) => {
    const index = known.findIndex((other) => isSame(other, survivor));
    const [found] = index < 0 ? [] : known.splice(index, 1);
    return { ...survivor, reason: found?.reason ?? '' };
  });
}

const isSame = (a: Survivor, b: Survivor): boolean =>
  a.file === b.file && a.line === b.line && a.mutator === b.mutator && a.replacement === b.replacement;

/** Returns one sentence for each result that is too low, not explained, or of an older source. */
export function resultProblems(root: string, results: Results): readonly string[] {
  return Object.entries(results).flatMap(([name, result]) => {
    if (!Object.hasOwn(SLICES, name)) return [`There is no slice ${name}.`];
    const percent = percentKilled(result);
    return [
      ...(percent < REQUIRED_PERCENT ? [`In ${name}, only ${percent} % of the mutants are killed.`] : []),
      ...result.survivors.flatMap(({ file, line, reason }) => [
        ...(reason === '' ? [`A survivor in ${file} has no reason: ${line}`] : []),
        ...(hasLine(root, file, line)
          ? []
          : [`${file} no longer contains this line: ${line} Run npm run mutants -- ${name}.`]),
      ]),
    ];
  });
}

const hasLine = (root: string, file: string, line: string): boolean =>
  existsSync(join(root, file)) &&
  readFileSync(join(root, file), 'utf8')
    .split('\n')
    .some((text) => text.trim() === line);
