import type { DomainError, Logger, Position, Result } from '#kernel';

/** Result of a creation. */
export interface Made {
  /** False if nothing can be created now, so that the next call tries again. */
  readonly isThere: boolean;
  /** Position of the log that includes what was created. */
  readonly position?: Position;
}

/** Creates something for each organization when it is first needed. Concurrent calls wait for the same creation. */
export class OncePerOrganization {
  private readonly made = new Set<string>();
  private readonly making = new Map<string, Promise<Result<Made, DomainError>>>();

  constructor(
    private readonly logger: Logger,
    /** Logged when the creation fails. */
    private readonly failure: string,
  ) {}

  /**
   * Creates it if necessary. A failure is logged and does not fail the request; the next call retries.
   * @returns the position that reads must include, if this call created something
   */
  async ensure(organizationId: string, make: () => Promise<Result<Made, DomainError>>): Promise<Position | undefined> {
    if (this.made.has(organizationId)) return undefined;
    const making = this.making.get(organizationId) ?? make().finally(() => this.making.delete(organizationId));
    this.making.set(organizationId, making);
    const outcome = await making;
    if (!outcome.ok) {
      this.logger.warn({ organizationId, code: outcome.error.code }, this.failure);
      return undefined;
    }
    if (outcome.value.isThere) this.made.add(organizationId);
    return outcome.value.position;
  }
}
