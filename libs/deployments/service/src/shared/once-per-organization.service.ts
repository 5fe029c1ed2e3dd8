import type { DomainError, Logger, Position, Result } from '#kernel';

export interface Made {
  /** False where there is nothing to be made now; the next call asks again. */
  readonly isThere: boolean;
  /** Shows what was made just now. */
  readonly position?: Position;
}

/** Makes something for each organization when it is first needed; those who ask at the same time wait for the same call. */
export class OncePerOrganization {
  private readonly made = new Set<string>();
  private readonly making = new Map<string, Promise<Result<Made, DomainError>>>();

  constructor(
    private readonly logger: Logger,
    /** Logged when it fails. */
    private readonly failure: string,
  ) {}

  /**
   * A failure is logged, and tried again by the next call: no request fails because of it.
   * @returns the position to read at least, when something was made by this call
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
