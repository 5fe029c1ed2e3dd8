// A sequencer of Jest: starts the suites that take longest first, so that no worker is still busy with one of them when
// the others have ended. Without it, Jest knows durations only from an earlier run on the same machine.
import { statSync } from 'node:fs';

/**
 * Suites that may take a minute or more, about the longest first. The first one takes most of the processors, so those
 * beside it mostly wait; another one that takes many of them comes when it has ended.
 */
const LONGEST = [
  'distributed.chaos',
  'hooks.engine',
  'frozen-worker.chaos',
  'kill.chaos',
  'server.engine',
  'examples.long.e2e',
  'roles.long.e2e',
  'compose.engine',
  'tour.e2e',
  'rendered-applications.long.e2e',
  'sources.long.e2e',
  'killed-attempts.chaos',
  'start.e2e',
  'stores.chaos',
  'random.engine',
  'built.long.e2e',
  'application-secrets.long.e2e',
  'killed-projections.chaos',
  'new',
  'rollout.engine',
  'astroctl-download.long.e2e',
  'backup.long.e2e',
  'kafka.long.e2e',
  'auth0-issuer.long.e2e',
  'application-limits.long.e2e',
  'sandbox-kill.chaos',
  'deployment.engine',
  'cluster-access.long.e2e',
  'recorded-data.e2e',
  'sandbox.e2e',
];

export default class LongestFirst {
  sort(tests) {
    const ranked = tests.map((test) => {
      const rank = LONGEST.findIndex((name) => test.path.endsWith(`/${name}.spec.ts`));
      return { test, rank: rank === -1 ? LONGEST.length : rank, size: statSync(test.path).size };
    });
    return ranked.toSorted((a, b) => a.rank - b.rank || b.size - a.size).map(({ test }) => test);
  }

  cacheResults() {}
}
