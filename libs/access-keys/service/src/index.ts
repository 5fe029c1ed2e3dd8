import type { ContextService } from '#runtime';
import { AccessKeysModule } from './access-keys.module.ts';
import { keyRingDecider } from './key-ring.decider.ts';
import { leakedKeysDecider } from './leaks/leaked-keys.decider.ts';
import { keysProjection } from './overview/keys.projection.ts';
import { DeparturesReactor } from './revoking/departures.reactor.ts';

/** The service of this context, as a process composes it. */
export const accessKeysService: ContextService = {
  name: 'access-keys',
  module: AccessKeysModule,
  engines: ['eventStore', 'readStore', 'vault'],
  deciders: [keyRingDecider, leakedKeysDecider],
  projections: [keysProjection],
  reactors: [DeparturesReactor],
  sweeps: [],
};
