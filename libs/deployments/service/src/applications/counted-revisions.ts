/** A deployment at the time when it was counted, RFC 3339. */
export interface Counted {
  readonly applicationId: string;
  readonly at: string;
  readonly by: string;
}

/** The facts about a revision that identify its deployment. */
export interface RecordedRevision {
  readonly revision: number;
  readonly when: string;
  readonly rollbackOf: number | null;
}

/**
 * Finds the revision of each counted deployment of one application. A deployment is counted before its revision is
 * recorded, and its revision is recorded before the next deployment is counted.
 *
 * @param times when the deployments were counted, RFC 3339, newest first
 * @returns revisions in the same order; undefined for a deployment whose revision was refused
 */
export function revisionsCounted(
  times: readonly string[],
  revisions: readonly RecordedRevision[],
): readonly (number | undefined)[] {
  const deployed = revisions
    .filter(({ rollbackOf }) => rollbackOf === null)
    .toSorted((a, b) => a.revision - b.revision);
  return times.map((at, index) => {
    const next = times[index - 1];
    return deployed.find(({ when }) => when >= at && (next === undefined || when < next))?.revision;
  });
}
