import { setKeyLimitsRequest } from '#access-keys/contract';
import type { PlanLimits } from '#billing/contract';
import { BUS, type Bus } from '#bus';
import { limitsBelowUse, setCatalogLimitsRequest } from '#deployments/contract';
import { ok, type CommandContext, type DomainError, type Result } from '#kernel';
import { setSeatLimitRequest } from '#organizations/contract';
import { Inject, Injectable } from '@nestjs/common';
import type { Over } from '../over.ts';

/**
 * Sets a plan's limits in the streams that own the limited objects. Each request has a command ID of its own, because
 * the same limit may have to be set again after it was reset; setting a limit is idempotent.
 */
@Injectable()
export class LimitSetter {
  constructor(@Inject(BUS) private readonly bus: Bus) {}

  /**
   * Sets the limits.
   *
   * @returns the limits that the present use exceeds; empty if all were set. Owners that refused keep their old limits.
   */
  async set(
    organizationId: string,
    limits: PlanLimits,
    { correlationId, dryRun = false }: Pick<CommandContext, 'correlationId' | 'dryRun'>,
  ): Promise<Result<readonly Over[], DomainError>> {
    const own = () => this.bus.own({ correlationId, organizationId, dryRun });
    const over: Over[] = [];

    const seats = await this.bus.request(setSeatLimitRequest, { organizationId, members: limits.members }, own());
    if (!seats.ok && seats.error.kind !== 'conflict') return seats;
    if (!seats.ok) over.push(overOf('members', seats.error));

    const keys = await this.bus.request(
      setKeyLimitsRequest,
      { organizationId, activeKeys: limits.activeKeys, lifetimeDays: limits.keyLifetimeDays },
      own(),
    );
    if (!keys.ok && keys.error.kind !== 'conflict') return keys;
    if (!keys.ok)
      over.push(
        overOf(keys.error.code === 'access-keys/lifetimes-over' ? 'keyLifetimeDays' : 'activeKeys', keys.error),
      );

    const { applications, profiles, clusters, deploymentsPerDay } = limits;
    const catalog = await this.bus.request(
      setCatalogLimitsRequest,
      { organizationId, applications, profiles, clusters, deploymentsPerDay },
      own(),
    );
    if (!catalog.ok && catalog.error.kind !== 'conflict') return catalog;
    if (!catalog.ok) over.push(...catalogOver(catalog.error));
    return ok(over);
  }
}

function overOf(limit: string, { detail, extra }: DomainError): Over {
  const { limit: allowed, used } = extra ?? {};
  return {
    limit,
    words: detail,
    detail: { ...(typeof allowed === 'number' && { allowed }), ...(typeof used === 'number' && { used }) },
  };
}

/** Returns the exceeded limits from an error of deployments, which rejects all of its limits in one error. */
function catalogOver(error: DomainError): readonly Over[] {
  const over = limitsBelowUse.safeParse(error.extra?.['over']);
  if (!over.success) return [overOf('catalog', error)];
  return over.data.map(({ limit, used, allowed }) => ({
    limit,
    words: `${limit}: ${used} in use, ${allowed} allowed.`,
    detail: { allowed, used },
  }));
}
