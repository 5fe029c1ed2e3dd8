import { recordRefusalsRequest } from '#audit/contract';
import { plansOfRequest } from '#billing/contract';
import { peopleRequest, sendMailRequest } from '#identity/contract';
import { ensureDefaultOrganizationRequest } from '#organizations/contract';
import type { ContextService } from '#runtime';
import { AccessKeysModule } from './access-keys.module.ts';
import { ExpiryAnnouncementsSweep } from './announcing/expiry-announcements.sweep.ts';
import { keyRingDecider } from './key-ring.decider.ts';
import { leakedKeysDecider } from './leaks/leaked-keys.decider.ts';
import { keysProjection } from './overview/keys.projection.ts';
import { DeparturesReactor } from './revoking/departures.reactor.ts';

/** The service of this context, as a process composes it. */
export const accessKeysService: ContextService = {
  name: 'access-keys',
  module: AccessKeysModule,
  engines: ['eventStore', 'readStore', 'vault'],
  calls: [recordRefusalsRequest, plansOfRequest, peopleRequest, ensureDefaultOrganizationRequest, sendMailRequest],
  deciders: [keyRingDecider, leakedKeysDecider],
  projections: [keysProjection],
  reactors: [DeparturesReactor],
  sweeps: [ExpiryAnnouncementsSweep],
};
