import { runCase, type ApiTarget, type Case, type Seen } from '#sandbox-cluster/cases';
import { differences, isKnown, told, type Known } from './differences.ts';
import { askedBy, idOf, type Fixture } from './fixtures.ts';

/** A comparison of a target with recorded responses. */
export interface Trial {
  readonly target: ApiTarget;
  readonly fixtures: ReadonlyMap<string, Fixture>;
  /** Deliberate differences; none for the recorded server. */
  readonly known: Known;
  /** Prefix of namespace names. The normalizer must not take its letters for generated ones. */
  readonly prefix: string;
}

/**
 * Runs a case and returns the differences from its recording.
 * @param number makes the name of its namespace unique
 */
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
 * Runs a case. If an awaited state does not occur, retries once, because components of a real server occasionally stall
 * for half a minute.
 */
export async function answersTo(target: ApiTarget, asked: Case, namespace: string): Promise<readonly Seen[]> {
  try {
    return await runCase(target, asked, namespace);
  } catch {
    return runCase(target, asked, `${namespace}-again`);
  }
}

/** Returns listed differences that no longer exist, because the case was removed or the responses are equal. */
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
