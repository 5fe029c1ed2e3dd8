import { ok, type Decider, type Fact } from '#kernel';

/** What a global admin has requested of a projection. Stream: `projection-<name>`. */
type OperationEvent =
  | Fact<'projection.rebuild-requested.v1', Record<never, never>>
  | Fact<'projection.retry-requested.v1', Record<never, never>>;

/** Returns the stream of a projection's operations. */
export const operationStream = (projection: string): string => `projection-${projection}`;

/** Records a request. There is nothing to decide: whether it can be carried out is known where the projection is. */
export const operationDecider: Decider<null, 'rebuild' | 'retry', OperationEvent, never> = {
  events: {
    categories: ['projection'],
    types: { 'projection.rebuild-requested.v1': true, 'projection.retry-requested.v1': true },
  },
  initialState: null,
  evolve: (state) => state,
  decide: (operation) => ok([{ type: `projection.${operation}-requested.v1`, data: {} }]),
};
