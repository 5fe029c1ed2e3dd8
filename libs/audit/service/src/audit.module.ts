import { Module } from '@nestjs/common';
import { AccessAnswers } from './access/access-answers.service.ts';
import { AccessHistory } from './access/access-history.service.ts';
import { AccessQueries } from './access/access.queries.ts';
import { LogReaders } from './access/log-readers.service.ts';
import { ChangeNames } from './changes/change-names.service.ts';
import { ChangesQueries } from './changes/changes.queries.ts';
import { PolicySweep } from './policy/policy.sweep.ts';
import { AuditVerification } from './heads/audit-verification.service.ts';
import { HeadSigning } from './heads/head-signing.service.ts';
import { HeadsQueries } from './heads/heads.queries.ts';
import { HeadsSweep } from './heads/heads.sweep.ts';
import { SealedEvents } from './heads/sealed-events.service.ts';
import { SigningKeyRecordsSweep } from './heads/signing-key-records.sweep.ts';
import { SigningKeysHandlers } from './heads/signing-keys.handlers.ts';
import { SigningKeys } from './heads/signing-keys.service.ts';
import { LogQueries } from './log/log.queries.ts';
import { AuditLog } from './log/log.service.ts';
import { OperationsHandlers } from './operations/operations.handlers.ts';
import { ErasureListReactor } from './publishing/erasure-list.reactor.ts';
import { HeadPublishingSweep } from './publishing/head-publishing.sweep.ts';
import { HeadSink } from './publishing/head-sink.service.ts';
import { RefusalsHandlers } from './refusals/refusals.handlers.ts';
import { ReplayQueries } from './replay/replay.queries.ts';
import { TreeReader } from './tree/tree-reader.service.ts';

/** All slices of the context. The process provides the tokens that they inject (`#runtime`). */
@Module({
  controllers: [
    AccessQueries,
    RefusalsHandlers,
    HeadsQueries,
    SigningKeysHandlers,
    OperationsHandlers,
    LogQueries,
    ReplayQueries,
    ChangesQueries,
  ],
  providers: [
    AccessAnswers,
    AccessHistory,
    LogReaders,
    AuditLog,
    ChangeNames,
    PolicySweep,
    TreeReader,
    SigningKeys,
    SigningKeyRecordsSweep,
    HeadSigning,
    SealedEvents,
    AuditVerification,
    HeadsSweep,
    HeadSink,
    HeadPublishingSweep,
    ErasureListReactor,
  ],
})
export class AuditModule {}
