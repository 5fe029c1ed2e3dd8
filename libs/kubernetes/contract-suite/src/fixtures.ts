import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Case, Seen } from '#sandbox-cluster/cases';

/** Recorded responses of a real server to one case. */
export interface Fixture {
  readonly name: string;
  /** Hash of the recorded requests. If the case sends other requests, it must be recorded again. */
  readonly asked: string;
  readonly seen: readonly Seen[];
}

const FOLDER = fileURLToPath(new URL('../fixtures/', import.meta.url));

/** Returns the ID of a case in fixtures, in the list of differences, and in reports. */
export const idOf = ({ area, name }: Case): string => `${area}: ${name}`;

/** Returns a short hash of a case's requests. Its functions (`only`, `until`) are not included. */
export const requestHashOf = ({ steps }: Case): string =>
  createHash('sha256').update(JSON.stringify(steps)).digest('hex').slice(0, 16);

/** Reads the recorded responses by the ID of their case. */
export function readFixtures(): ReadonlyMap<string, Fixture> {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.json'));
  return new Map(
    files.flatMap((file) => {
      const fixtures = JSON.parse(readFileSync(`${FOLDER}${file}`, 'utf8')) as readonly Fixture[]; // written below
      return fixtures.map((fixture) => [`${file.slice(0, -'.json'.length)}: ${fixture.name}`, fixture] as const);
    }),
  );
}

/** Writes one file for each area with one line for each case, so that equal responses produce equal bytes. */
export function writeFixtures(recorded: ReadonlyMap<string, readonly Fixture[]>): void {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  for (const [area, fixtures] of recorded)
    writeFileSync(`${FOLDER}${area}.json`, `[\n${fixtures.map((fixture) => JSON.stringify(fixture)).join(',\n')}\n]\n`);
}
