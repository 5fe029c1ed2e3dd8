import { recordRefusalsRequest } from '#audit/contract';
import { plansOfRequest } from '#billing/contract';
import { clientAddressesRequest } from '#identity/contract';
import type { ContextService } from '#runtime';
import { AuditModule } from './audit.module.ts';
import { refusalDecider } from './refusals/refusal.decider.ts';

/** The service of this context, as a process composes it. */
export const auditService: ContextService = {
  name: 'audit',
  module: AuditModule,
  engines: ['eventStore', 'readStore', 'vault'],
  calls: [recordRefusalsRequest, plansOfRequest, clientAddressesRequest],
  deciders: [refusalDecider],
  projections: [],
  reactors: [],
  sweeps: [],
};
