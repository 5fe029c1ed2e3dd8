import { BUS, BusModule, connectBus, createBus, reply, RequestGuard, Serves, type CallerKeys } from '#bus';
import { inProcessTransport } from '#bus/in-process';
import {
  endAccessRequest,
  getRecordRequest,
  issueTokenRequest,
  liveEventsRequest,
  liveLogsRequest,
  liveDifferencesRequest,
  liveResourcesRequest,
  liveStatusRequest,
  liveTopRequest,
  previewRevisionRequest,
  pinSourceRequest,
  probeClusterRequest,
  type ClusterConnection,
} from '#deployments/contract';
import { EGRESS, parseEgressPolicy } from '#egress';
import { CLOCK, IDS, LOGGER, silentLogger } from '#kernel';
import { systemClock, systemIds } from '#runtime/system';
import { eventually } from '#testing';
import { WORK_QUEUE, type WorkQueue } from '#work-queue';
import { Controller, Global, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { SERVICE_ACCOUNT_ROOT } from './cluster/service-account.ts';
import { DeployWorkerModule } from './deploy-worker.module.ts';
import { SOURCE_SETTINGS } from './sources/source-library.worker.ts';
import { startDeployWorker } from './start.worker.ts';

const cluster: ClusterConnection = {
  clusterId: 'c',
  organizationId: 'o',
  name: 'dev',
  server: 'https://127.0.0.1:1',
  certificateAuthority: null,
  tlsServerName: null,
  credential: 'credential/none',
  policy: { namespaces: ['*'], clusterScoped: 'deny', podSecurity: 'baseline' },
  type: 'registered',
};

describe('the worker as part of an application', () => {
  const keys: CallerKeys = [{ id: 'k1', key: new Uint8Array(32).fill(3) }];
  const taken: (() => Promise<void>)[] = [];
  let released = 0;
  const queue: Pick<WorkQueue, 'work'> = {
    work: (_queue, _handle, { concurrency }) => {
      taken.push(() => Promise.resolve(void concurrency));
      return Promise.resolve(() => Promise.resolve(void released++));
    },
  };

  async function boot() {
    const transport = inProcessTransport();
    const egress = parseEgressPolicy('127.0.0.0/8');
    if (!egress.ok) throw new Error('the policy cannot be read');
    const bus = (service: string) =>
      createBus({ transport, service, keys, clock: systemClock, ids: systemIds, logger: silentLogger });
    const given = [
      { provide: BUS, useValue: bus('deploy-worker') },
      { provide: WORK_QUEUE, useValue: queue },
      { provide: CLOCK, useValue: systemClock },
      { provide: IDS, useValue: systemIds },
      { provide: LOGGER, useValue: silentLogger },
      { provide: EGRESS, useValue: egress.value },
      { provide: SERVICE_ACCOUNT_ROOT, useValue: '' },
      { provide: SOURCE_SETTINGS, useValue: { programs: () => Promise.resolve({}), folder: '' } },
    ];
    @Global()
    @Module({ providers: given, exports: given.map(({ provide }) => provide) })
    class Ports {}
    // Stands in for deployments; there are no records.
    @Controller()
    class Records {
      @Serves(getRecordRequest)
      get() {
        return reply({ record: null });
      }
    }
    @Module({
      imports: [
        BusModule.forRoot(new RequestGuard({ keys, clock: systemClock, logger: silentLogger })),
        Ports,
        DeployWorkerModule,
      ],
      controllers: [Records],
    })
    class App {}
    const app = await NestFactory.create(App, new FastifyAdapter(), { logger: false });
    const served = connectBus(app, transport);
    await app.init();
    await app.startAllMicroservices();
    return { app, served, deployments: bus('deployments'), stranger: bus('billing') };
  }

  it('serves the requests of deployments, to deployments only, and starts and stops its loops', async () => {
    const { app, served, deployments, stranger } = await boot();
    const contracts = [
      probeClusterRequest,
      liveStatusRequest,
      liveTopRequest,
      previewRevisionRequest,
      liveDifferencesRequest,
      liveResourcesRequest,
      liveEventsRequest,
      liveLogsRequest,
      issueTokenRequest,
      endAccessRequest,
      pinSourceRequest,
      getRecordRequest, // served by the controller of this spec
    ];
    expect(served.map(({ subject }) => subject)).toEqual(contracts.map(({ subject }) => subject).sort());

    const refused = await deployments.request(probeClusterRequest, { cluster }, deployments.own({}));
    expect(refused).toMatchObject({
      ok: false,
      error: { code: 'deployments/cluster-unauthorized', kind: 'unavailable' },
    });
    expect(await stranger.request(probeClusterRequest, { cluster }, stranger.own({}))).toMatchObject({
      ok: false,
      error: { code: 'bus/caller-not-listed' },
    });

    const stop = await startDeployWorker(app, { name: 'w', incarnation: '1', slots: 4 });
    await eventually(() => expect(taken).toHaveLength(1));
    await stop();
    expect(released).toBe(1);
    await app.close();
  });

  it('ends a stream with an error when the cluster is unavailable', async () => {
    const { app, deployments } = await boot();
    const question = { cluster, applicationId: 'a', namespace: 'n', inventory: [], follow: false };
    const read = async () => {
      for await (const event of deployments.stream(liveEventsRequest, question, deployments.own({}))) void event;
    };
    await expect(read()).rejects.toMatchObject({ error: { code: 'deployments/cluster-unauthorized' } });
    await app.close();
  });
});
