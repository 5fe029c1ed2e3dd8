import { BUS, Caller, Input, refuse, reply, Serves, type Bus, type ContextOf, type ReplyTo } from '#bus';
import { pageOf, type InputOf } from '#bus/contract';
import { listEgressRequest, type EgressEntry } from '#deployments/contract';
import { EGRESS, entriesOf, type EgressPolicy } from '#egress';
import { READ_MODELS, type ReadModels } from '#event-sourcing';
import { peopleById } from '#identity/contract';
import { Controller, Inject } from '@nestjs/common';
import { EGRESS_STREAM } from './egress.decider.ts';
import { egressProjection } from './egress.projection.ts';

/** Lists the addresses to which the platform may connect in addition to public ones. */
@Controller()
export class EgressQueries {
  constructor(
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(EGRESS) private readonly settings: EgressPolicy,
  ) {}

  @Serves(listEgressRequest)
  async list(
    @Input() place: InputOf<typeof listEgressRequest>,
    @Caller() context: ContextOf<typeof listEgressRequest>,
  ): Promise<ReplyTo<typeof listEgressRequest>> {
    const found = await this.readModels.get(egressProjection, EGRESS_STREAM, context.consistency);
    if (!found.ok) return refuse(found.error);
    const allowed = found.value?.document.entries ?? [];
    const people = await peopleById(this.bus, [...new Set(allowed.map(({ by }) => by))], context);
    // If the names are unavailable, ids are shown: a list does not fail for that reason.
    const nameOf = (id: string) => (people.ok ? (people.value.get(id)?.email ?? id) : id);
    const entries: EgressEntry[] = [
      ...entriesOf(this.settings).map((entry) => ({ entry, source: 'setting' as const, by: null, since: null })),
      ...allowed.map(({ entry, by, since }) => ({ entry, source: 'admin' as const, by: nameOf(by), since })),
    ];
    const { items, ...rest } = pageOf(entries, ({ entry, source }) => `${entry} ${source}`, place);
    return reply({ items: [...items], ...rest });
  }
}
