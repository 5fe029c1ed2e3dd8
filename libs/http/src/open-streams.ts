import type { Principal } from '#access';
import type { StreamLimits } from './edge-options.ts';
import { callerOf } from './caller-of.ts';
import { edgeError, type EdgeError } from './problem.ts';

const PER_PRINCIPAL = 100;
const PER_ORGANIZATION = 1_000;

/** Counts open streams by principal and by organization. */
export class OpenStreams {
  private readonly counts = new Map<string, number>();

  constructor(private readonly limits: StreamLimits = {}) {}

  /**
   * Counts a new stream.
   *
   * @param organizationId undefined for a stream outside of an organization
   * @returns a function to call when the stream has ended
   * @throws EdgeError 429
   */
  open(principal: Principal, organizationId: string | undefined): () => void {
    const { perPrincipal = PER_PRINCIPAL, perOrganization = PER_ORGANIZATION } = this.limits;
    const reader = callerOf(principal);
    const organization = organizationId === undefined ? undefined : `organization ${organizationId}`;
    if (this.countOf(reader) >= perPrincipal)
      throw tooMany(principal.kind === 'key' ? 'This access key' : 'Your login', perPrincipal);
    if (organization !== undefined && this.countOf(organization) >= perOrganization)
      throw tooMany('This organization', perOrganization);
    const counted = [reader, ...(organization === undefined ? [] : [organization])];
    for (const name of counted) this.counts.set(name, this.countOf(name) + 1);
    let isOpen = true;
    return () => {
      if (!isOpen) return;
      isOpen = false;
      for (const name of counted) {
        const left = this.countOf(name) - 1;
        if (left > 0) this.counts.set(name, left);
        else this.counts.delete(name);
      }
    };
  }

  private countOf(name: string): number {
    return this.counts.get(name) ?? 0;
  }
}

const tooMany = (who: string, limit: number): EdgeError =>
  edgeError(
    429,
    'edge/too-many-streams',
    `${who} has ${limit} streams open already.`,
    'end one of them, then try again',
    { 'retry-after': '5' },
  );
