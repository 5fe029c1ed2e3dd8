import { runCase, type ApiTarget, type Case, type Seen } from '#sandbox-cluster/cases';
import { differences, isKnown, told, type Known } from './differences.ts';
import { askedBy, idOf, type Fixture } from './fixtures.ts';

/** How a target is held against recorded answers. */
export interface Trial {
  readonly target: ApiTarget;
  readonly fixtures: ReadonlyMap<string, Fixture>;
  /** Differences that are meant; none for the server that the answers come from. */
  readonly known: Known;
  /** Beginning of the names of namespaces: letters that no normaliser takes for drawn ones. */
  readonly prefix: string;
}

/** Runs a case and says what differs from its recording. @param number makes its namespace's name unlike others' */
export async function judge(
  { target, fixtures, known, prefix }: Trial,
  judged: Case,
  number: number,
): Promise<readonly string[]> {
  const id = idOf(judged);
  const fixture = fixtures.get(id);
  if (!fixture) return [`${id}: never recorded`];
  if (fixture.asked !== askedBy(judged)) return [`${id}: asks something else than what was recorded; record again`];
  const seen = await answersTo(target, judged, `${prefix}-${number}`);
  return differences(fixture.seen, seen)
    .filter((difference) => !isKnown(known, id, difference))
    .map((difference) => `${id}: ${told(difference)}`);
}

/**
 * Runs a case, once more when something it waits for did not come: a real server's parts stall for half a minute now and
 * then. A second failure is one.
 */
export async function answersTo(target: ApiTarget, asked: Case, namespace: string): Promise<readonly Seen[]> {
  try {
    return await runCase(target, asked, namespace);
  } catch {
    return runCase(target, asked, `${namespace}-again`);
  }
}

/** Listed differences that no longer exist: of cases that are gone, or that are now the same. */
export async function staleDifferences(trial: Trial, cases: readonly Case[]): Promise<readonly string[]> {
  const byId = new Map(cases.map((each) => [idOf(each), each]));
  const stale: string[] = [];
  let number = 0;
  for (const [id, places] of trial.known) {
    const listed = byId.get(id);
    const fixture = trial.fixtures.get(id);
    const found =
      listed && fixture
        ? differences(fixture.seen, await runCase(trial.target, listed, `${trial.prefix}-k${(number += 1)}`))
        : [];
    for (const place of places)
      if (!found.some((difference) => isKnown(new Map([[id, [place]]]), id, difference))) stale.push(`${id}: ${place}`);
  }
  return stale;
}
