import {
  recordRefusalsRequest,
  replayAccessKeysRequest,
  replayBillingRequest,
  replayDeploymentsRequest,
  replayOrganizationsRequest,
} from '#audit/contract';
import { plansOfRequest } from '#billing/contract';
import { clientAddressesRequest, peopleRequest } from '#identity/contract';
import type { ContextService } from '#runtime';
import { AuditModule } from './audit.module.ts';
import { backupDecider } from './backups/backup.decider.ts';
import { ErasureListReactor } from './publishing/erasure-list.reactor.ts';
import { policyDecider } from './policy/policy.decider.ts';
import { PolicySweep } from './policy/policy.sweep.ts';
import { headDecider, signingKeyDecider } from './heads/head.decider.ts';
import { headsProjection } from './heads/heads.projection.ts';
import { HeadsSweep } from './heads/heads.sweep.ts';
import { SigningKeyRecordsSweep } from './heads/signing-key-records.sweep.ts';
import { logProjection } from './log/log.projection.ts';
import { namesProjection } from './log/names.projection.ts';
import { HeadPublishingSweep } from './publishing/head-publishing.sweep.ts';
import { HeadSink } from './publishing/head-sink.service.ts';
import { operationDecider } from './operations/operation.decider.ts';
import { readDecider } from './refusals/read.decider.ts';
import { refusalDecider } from './refusals/refusal.decider.ts';
import { treeProjection } from './tree/tree.projection.ts';

export { BACKUP_STREAM, backupDecider } from './backups/backup.decider.ts';
export { CHANGES } from './changes/changed-object.ts';
export { ACTIONS } from './log/actions.ts';

/** The service of this context, as a process composes it. */
export const auditService: ContextService = {
  name: 'audit',
  module: AuditModule,
  engines: ['eventStore', 'readStore', 'vault'],
  calls: [
    recordRefusalsRequest,
    replayAccessKeysRequest,
    replayBillingRequest,
    replayDeploymentsRequest,
    replayOrganizationsRequest,
    plansOfRequest,
    clientAddressesRequest,
    peopleRequest,
  ],
  deciders: [
    policyDecider,
    refusalDecider,
    readDecider,
    headDecider,
    signingKeyDecider,
    backupDecider,
    operationDecider,
  ],
  projections: [treeProjection, headsProjection, logProjection, namesProjection],
  reactors: [ErasureListReactor],
  sweeps: [PolicySweep, HeadsSweep, SigningKeyRecordsSweep, HeadPublishingSweep],
  checks: async (app) => [await app.get(HeadSink, { strict: false }).check()],
};
