import { policyEvents, type PolicyEvent, type RightsTable } from '#access';
import { canonicalJson, ok, type Decider } from '#kernel';

/** Stream of the published rules. */
export const POLICY_STREAM = 'platform-policy';

/** The last published rules, and the newest release that has published any. */
interface Policy {
  readonly newest: string | undefined;
  readonly table: RightsTable | undefined;
}

interface PublishPolicy {
  readonly type: 'publish';
  readonly release: string;
  readonly table: RightsTable;
}

/**
 * Records the rules of the running release, unless they are those already recorded, or a newer release has recorded its
 * own: during an upgrade, both run.
 */
export const policyDecider: Decider<Policy, PublishPolicy, PolicyEvent, never> = {
  events: policyEvents,
  initialState: { newest: undefined, table: undefined },
  evolve: ({ newest }, { data: { release, table } }) => ({
    newest: newest !== undefined && compareReleases(newest, release) > 0 ? newest : release,
    table,
  }),
  decide({ release, table }, present) {
    const isOutdated = present.newest !== undefined && compareReleases(release, present.newest) < 0;
    const isKnown = present.table !== undefined && canonicalJson(present.table) === canonicalJson(table);
    return ok(isOutdated || isKnown ? [] : [{ type: 'platform.policy-published.v1', data: { release, table } }]);
  },
};

/** Compares versions `X.Y.Z` by their numbers; a suffix, such as that of a release candidate, does not count. */
function compareReleases(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => (version.split('-')[0] ?? '').split('.').map(Number));
  for (let part = 0; part < 3; part++) {
    const difference = (left?.[part] ?? 0) - (right?.[part] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
