import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Case, Seen } from '#sandbox-cluster/cases';

/** What a real server answered to one case. */
export interface Fixture {
  readonly name: string;
  /** Of the requests that were sent: a case that asks something else needs another recording. */
  readonly asked: string;
  readonly seen: readonly Seen[];
}

const FOLDER = fileURLToPath(new URL('../fixtures/', import.meta.url));

/** Names one case everywhere: in fixtures, in the list of differences, in reports. */
export const idOf = ({ area, name }: Case): string => `${area}: ${name}`;

/** A short hash of a case's requests; what is picked from answers and waited for is code and not part of it. */
export const askedBy = ({ steps }: Case): string =>
  createHash('sha256').update(JSON.stringify(steps)).digest('hex').slice(0, 16);

/** Recorded answers by the id of their case. */
export function readFixtures(): ReadonlyMap<string, Fixture> {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.json'));
  return new Map(
    files.flatMap((file) => {
      const fixtures = JSON.parse(readFileSync(`${FOLDER}${file}`, 'utf8')) as readonly Fixture[]; // written below
      return fixtures.map((fixture) => [`${file.slice(0, -'.json'.length)}: ${fixture.name}`, fixture] as const);
    }),
  );
}

/** Writes one file for each area, a line for each case: the same answers give the same bytes. */
export function writeFixtures(recorded: ReadonlyMap<string, readonly Fixture[]>): void {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  for (const [area, fixtures] of recorded)
    writeFileSync(`${FOLDER}${area}.json`, `[\n${fixtures.map((fixture) => JSON.stringify(fixture)).join(',\n')}\n]\n`);
}
