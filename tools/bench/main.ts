// npm run bench [-- WORD…]: runs all *.bench.ts in this folder whose name contains one of the words. Prints ratios and
// writes them to .bench/results.json.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import type { Row } from './row.ts';

const words = process.argv.slice(2);
const folder = new URL('.', import.meta.url);
const files = readdirSync(folder).filter(
  (name) => name.endsWith('.bench.ts') && (words.length === 0 || words.some((word) => name.includes(word))),
);
const all: Row[] = [];
for (const file of files.toSorted()) {
  console.error(`${file} ...`);
  const { run } = (await import(new URL(file, folder).href)) as { run: () => Promise<Row[]> };
  const rows = await run();
  all.push(...rows);
  for (const row of rows) console.log(line(row));
}
mkdirSync('.bench', { recursive: true });
writeFileSync(
  '.bench/results.json',
  `${JSON.stringify({ at: new Date().toISOString(), node: process.version, rows: all }, null, 2)}\n`,
);
process.exit(0);

function line({ name, unit, ours, raw, ratio, goal }: Row): string {
  const figures = [
    `${format(ours)} ${unit}`,
    ...(raw === undefined ? [] : [`raw ${format(raw)}`]),
    ...(ratio === undefined ? [] : [`ratio ${ratio.toFixed(2)}`]),
    `goal ${goal}`,
  ];
  return `${name.padEnd(64)} ${figures.join('   ')}`;
}

function format(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3);
}
