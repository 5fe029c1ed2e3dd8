import { answerable, exchangeRequestCountsRequest } from '#billing/contract';
import { Input, reply, Serves, type ReplyTo } from '#bus';
import type { InputOf } from '#bus/contract';
import { CLOCK, position, type Clock } from '#kernel';
import { READ_STORE, type Collection, type ReadStore } from '#read-store';
import { Controller, Inject } from '@nestjs/common';
import { countsOfOthers, endedGateways, type GatewayReport } from './request-counts.ts';

/** The last report of each gateway. If it is lost, gateways count by themselves until they have reported again. */
const REPORTS: Collection = { name: 'request-counts.v1', indexes: [] };
/** Maximum number of gateways. */
const MAX_GATEWAYS = 500;

/** Version of a write: a later report replaces an earlier one, whichever process writes it. */
const at = (nowMs: number) => position('requests', nowMs);

@Controller()
export class RequestCountsHandlers {
  private ready: Promise<void> | undefined;

  constructor(
    @Inject(READ_STORE) private readonly store: ReadStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Stores the report before it reads the others, so that of two gateways at the same time, one sees the other. */
  @Serves(exchangeRequestCountsRequest)
  async exchange(
    @Input() { gateway, counts }: InputOf<typeof exchangeRequestCountsRequest>,
  ): Promise<ReplyTo<typeof exchangeRequestCountsRequest>> {
    this.ready ??= this.store.ensure(REPORTS).catch((error: unknown) => {
      this.ready = undefined;
      throw error;
    });
    await this.ready;
    const nowMs = this.clock.now();
    const document = {
      gateway,
      atMs: nowMs,
      counts: counts.map(({ caller, used, endsInMs }) => ({ caller, used, endsMs: nowMs + endsInMs })),
    };
    await this.store.apply([{ collection: REPORTS.name, id: gateway, position: at(nowMs), document }]);
    const { items } = await this.store.find<GatewayReport>(REPORTS, { limit: MAX_GATEWAYS });
    const reports = items.map((item) => item.document);
    await this.remove(endedGateways(reports, nowMs), nowMs);
    const others = countsOfOthers(reports, gateway, nowMs);
    return reply({ ...others, counts: answerable(others.counts) });
  }

  private async remove(gateways: readonly string[], nowMs: number): Promise<void> {
    if (gateways.length === 0) return;
    const removed = gateways.slice(0, 100).map((id) => ({ collection: REPORTS.name, id, position: at(nowMs) }));
    await this.store.apply(removed.map((target) => ({ ...target, removed: true })));
    await this.store.sweepTombstones(REPORTS.name, at(nowMs));
  }
}
