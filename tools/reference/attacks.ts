import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import type { TestTitle } from './test-titles.ts';

const catalogueSchema = z.strictObject({
  groups: z.array(
    z.strictObject({
      id: z.string(),
      title: z.string(),
      rows: z.record(z.string(), z.strictObject({ attack: z.string(), answer: z.string() })),
    }),
  ),
});

/** Attacks and faults that the tests cover, from `docs/security/attacks.yaml`. */
export type Catalogue = z.infer<typeof catalogueSchema>;

/** @throws Error if the file is not a valid catalog */
export const readCatalogue = (root: string): Catalogue =>
  catalogueSchema.parse(parse(readFileSync(join(root, 'docs', 'security', 'attacks.yaml'), 'utf8')));

const ROW_ID = /\b(?:use-[A-Z]\d{1,2}|K8\.6-\d{1,2}|[A-F]\d{1,2})\b/g;

/** Returns the titles that cite each row, by its id. A title may cite several rows. */
export function citations(titles: readonly TestTitle[]): ReadonlyMap<string, readonly TestTitle[]> {
  const cited = new Map<string, TestTitle[]>();
  for (const test of titles)
    for (const id of new Set(test.title.match(ROW_ID))) cited.set(id, [...(cited.get(id) ?? []), test]);
  return cited;
}

/** Returns one sentence for each difference between catalog and tests. */
export function catalogueProblems({ groups }: Catalogue, titles: readonly TestTitle[]): readonly string[] {
  const cited = citations(titles);
  const ids = groups.flatMap(({ rows }) => Object.keys(rows));
  const known = new Set(ids);
  return [
    ...groups.flatMap(({ id, rows }) =>
      Object.keys(rows)
        .filter((row) => !/^\d{1,2}$/.test(row.slice(id.length)) || !row.startsWith(id))
        .map((row) => `${row} is in group ${id}; its id must be ${id} and a number.`),
    ),
    ...ids.filter((id) => !cited.has(id)).map((id) => `No test title cites ${id}.`),
    ...[...cited]
      .filter(([id]) => !known.has(id))
      .map(([id, tests]) => `${tests[0]?.file} cites ${id}, which docs/security/attacks.yaml does not list.`),
  ];
}
