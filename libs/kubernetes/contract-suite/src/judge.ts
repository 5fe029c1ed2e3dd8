import { runCase, type ApiTarget, type Case, type Seen } from '#sandbox-cluster/cases';
import { differences, isKnown, formatDifference, type KnownDifferences } from './differences.ts';
import { requestHashOf, idOf, type Fixture } from './fixtures.ts';

/** A comparison of a target with recorded responses. */
export interface Comparison {
  readonly target: ApiTarget;
  readonly fixtures: ReadonlyMap<string, Fixture>;
  /** Deliberate differences; none for the recorded server. */
  readonly known: KnownDifferences;
  /** Prefix of namespace names. The normalizer must not take its letters for generated ones. */
  readonly prefix: string;
}

/**
 * Runs a case and returns the differences from its recording.
 * @param number makes the name of its namespace unique
 */
export async function compareCase(
  { target, fixtures, known, prefix }: Comparison,
  testCase: Case,
  number: number,
): Promise<readonly string[]> {
  const id = idOf(testCase);
  const fixture = fixtures.get(id);
  if (!fixture) return [`${id}: never recorded`];
  if (fixture.asked !== requestHashOf(testCase))
    return [`${id}: asks something else than what was recorded; record again`];
  const seen = await runCaseWithRetry(target, testCase, `${prefix}-${number}`);
  return differences(fixture.seen, seen)
    .filter((difference) => !isKnown(known, id, difference))
    .map((difference) => `${id}: ${formatDifference(difference)}`);
}

/**
 * Runs a case. If an awaited state does not occur, retries once, because components of a real server occasionally stall
 * for half a minute.
 */
export async function runCaseWithRetry(target: ApiTarget, testCase: Case, namespace: string): Promise<readonly Seen[]> {
  try {
    return await runCase(target, testCase, namespace);
  } catch {
    return runCase(target, testCase, `${namespace}-again`);
  }
}

/** Returns listed differences that no longer exist, because the case was removed or the responses are equal. */
export async function staleDifferences(comparison: Comparison, cases: readonly Case[]): Promise<readonly string[]> {
  const byId = new Map(cases.map((each) => [idOf(each), each]));
  const stale: string[] = [];
  let number = 0;
  for (const [id, places] of comparison.known) {
    const listed = byId.get(id);
    const fixture = comparison.fixtures.get(id);
    const found =
      listed && fixture
        ? differences(fixture.seen, await runCase(comparison.target, listed, `${comparison.prefix}-k${(number += 1)}`))
        : [];
    for (const place of places)
      if (!found.some((difference) => isKnown(new Map([[id, [place]]]), id, difference))) stale.push(`${id}: ${place}`);
  }
  return stale;
}
