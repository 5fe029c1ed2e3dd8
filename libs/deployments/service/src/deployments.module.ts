import { Module } from '@nestjs/common';
import { ApplicationAnswers } from './applications/answers.queries.ts';
import { ApplicationsHandlers } from './applications/applications.handlers.ts';
import { ApplicationsQueries } from './applications/applications.queries.ts';
import { ApplyHandlers } from './applications/apply.handlers.ts';
import { Deployer } from './applications/deployer.handlers.ts';
import { Live } from './applications/live.queries.ts';
import { Prepare } from './applications/prepare.handlers.ts';
import { Release } from './applications/release.handlers.ts';
import { StreamsQueries } from './applications/streams.queries.ts';
import { AttemptsHandlers } from './attempts/attempts.handlers.ts';
import { EnqueueReactor } from './attempts/enqueue.reactor.ts';
import { OwedSweep } from './attempts/owed.reactor.ts';
import { Settle } from './attempts/settle.handlers.ts';
import { Tasks } from './attempts/tasks.handlers.ts';
import { Works } from './attempts/works.handlers.ts';
import { ClusterAnswers } from './clusters/answers.queries.ts';
import { ClustersHandlers } from './clusters/clusters.handlers.ts';
import { ClustersQueries } from './clusters/clusters.queries.ts';
import { ClusterConnections } from './clusters/connections.handlers.ts';
import { Heartbeats } from './clusters/heartbeats.handlers.ts';
import { ObserverHandlers } from './clusters/observer.handlers.ts';
import { RegisterHandlers } from './clusters/register.handlers.ts';
import { Sandbox } from './clusters/sandbox.handlers.ts';
import { SilenceSweep } from './clusters/silence.reactor.ts';
import { ProfileAnswers } from './profiles/answers.queries.ts';
import { ProfilesHandlers } from './profiles/profiles.handlers.ts';
import { ProfilesQueries } from './profiles/profiles.queries.ts';
import { People } from './shared/people.queries.ts';
import { Records } from './shared/records.handlers.ts';
import { RecordsSweep } from './shared/records.reactor.ts';
import { UnfinishedSweep } from './shared/unfinished.reactor.ts';

/** Every slice of the context. The tokens that they ask for are given by the process. */
@Module({
  controllers: [
    ApplyHandlers,
    ApplicationsHandlers,
    ApplicationsQueries,
    StreamsQueries,
    ProfilesHandlers,
    ProfilesQueries,
    RegisterHandlers,
    ClustersHandlers,
    ClustersQueries,
    ObserverHandlers,
    AttemptsHandlers,
  ],
  providers: [
    ApplicationAnswers,
    Deployer,
    Live,
    Prepare,
    Release,
    Settle,
    Tasks,
    Works,
    ClusterAnswers,
    ClusterConnections,
    Heartbeats,
    Sandbox,
    ProfileAnswers,
    People,
    Records,
    EnqueueReactor,
    OwedSweep,
    UnfinishedSweep,
    RecordsSweep,
    SilenceSweep,
  ],
})
export class DeploymentsModule {}
