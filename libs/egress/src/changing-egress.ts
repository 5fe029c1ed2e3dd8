import { withEntries, type EgressPolicy } from './egress.ts';

/** What global admins allow, at one revision of their list. */
export interface AllowedEntries {
  /** ID of the event store with the list. Releases before 0.2 leave it out. */
  readonly store?: string | undefined;
  /** Revision of the list. A list of the same event store with a lower one is older. */
  readonly revision: number;
  readonly allowed: readonly string[];
}

/**
 * A policy that changes while connections use it: what the settings allow, and what global admins allow at present. Each
 * check reads it again.
 */
export class ChangingEgress implements EgressPolicy {
  private store: string | undefined;
  private revision = -1;
  private allowed: readonly string[] = [];
  private current: EgressPolicy;

  constructor(private readonly settings: EgressPolicy) {
    this.current = settings;
  }

  get networks(): EgressPolicy['networks'] {
    return this.current.networks;
  }

  get endpoints(): EgressPolicy['endpoints'] {
    return this.current.endpoints;
  }

  get never(): EgressPolicy['never'] {
    return this.current.never;
  }

  /**
   * Takes a list over, unless a newer one of the same event store is known. A list of another event store, such as a
   * restored one, replaces the known list.
   * @returns whether something is no longer allowed, so that connections must be checked again
   */
  update({ store = this.store, revision, allowed }: AllowedEntries): boolean {
    const isOther = this.store !== undefined && store !== this.store;
    this.store = store;
    if (!isOther && revision <= this.revision) return false;
    const before = this.allowed;
    this.revision = revision;
    this.allowed = allowed;
    this.current = withEntries(this.settings, allowed);
    return before.some((entry) => !allowed.includes(entry));
  }
}
