import { accessKeysService } from '#access-keys/service';
import { billingService } from '#billing/service';
import { EGRESS_GUARD, SANDBOX_CLUSTERS } from '#deployments/contract';
import { deploymentsService } from '#deployments/service';
import { DeployWorkerModule, startDeployWorker } from '#deployments/worker';
import { edgeAdapter } from '#http';
import { IDENTITY_CONFIG, type IdentityConfig } from '#identity/contract';
import { createIssuer, type Admin } from '#identity/issuer';
import { identityService } from '#identity/service';
import { VERSION } from '#kernel';
import { EGRESS, parseEgressPolicy } from '#kubernetes';
import { organizationsService } from '#organizations/service';
import {
  claimPort,
  compose,
  createLogger,
  openDataFolder,
  openEngines,
  StartError,
  type Configuration,
} from '#runtime';
import { systemClock, systemIds } from '#runtime/system';
import { Module, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { join } from 'node:path';
import { mountGateway } from './edge.ts';
import { egressGuard } from './egress.ts';
import { HOST } from './host.ts';
import { startSandboxes } from './sandbox.ts';

export interface RunningPlatform {
  readonly url: string;
  /** Absent with an external issuer. */
  readonly admin: Admin | undefined;
  readonly logFile: string;
  /** Why it is not ready though it runs, a sentence each. */
  readonly problems: readonly string[];
  stop(): Promise<void>;
}

/** Gives all contexts one process: their modules, and what the root adds. */
@Module({})
class RootModule {
  static of(imports: DynamicModule['imports']): DynamicModule {
    return { module: RootModule, ...(imports && { imports }) };
  }
}

/**
 * Starts everything in this process and resolves when it serves.
 * @param parts `worker: false` leaves the deploy worker to processes of its own
 * @throws StartError with one sentence
 */
export async function startPlatform(
  configuration: Configuration,
  parts: { readonly worker: boolean } = { worker: true },
): Promise<RunningPlatform> {
  const clock = systemClock;
  const ids = systemIds;
  const folder = openDataFolder(configuration.dataDir, 'platform');
  const closers: (() => unknown)[] = [() => folder.release()];
  const close = async () => {
    for (const closer of closers.splice(0).toReversed()) await closer();
  };
  try {
    const port = await claimPort(configuration.port, HOST);
    const publicUrl = configuration.publicUrl ?? `http://${HOST}:${port}`;
    const logFile = join(folder.path, 'platform.log');
    const log = createLogger('platform', { file: logFile, clock });
    const engines = await openEngines({ configuration, folder: folder.path, clock, ids, log, withLog: true });
    closers.push(() => engines.close());

    const { oidc } = configuration;
    const issuer =
      oidc.kind === 'built-in'
        ? await createIssuer({ vault: engines.vault, clock, ids, logger: log, publicUrl })
        : undefined;
    const admin = await issuer?.ensureAdmin({
      email: configuration.adminEmail,
      ...(configuration.adminPassword !== undefined && { password: configuration.adminPassword }),
      dataFolder: folder.path,
    });
    const identity: IdentityConfig = {
      version: VERSION,
      publicUrl,
      contact: configuration.contact,
      profile: 'embedded',
      ...(oidc.kind === 'external'
        ? oidc
        : {
            issuer: `${publicUrl}/oidc`,
            audience: issuer?.audience ?? '',
            cliClientId: issuer?.cliClientId ?? '',
            consoleClientId: issuer?.consoleClientId ?? '',
            adminEmails: [configuration.adminEmail],
          }),
    };
    const egress = parseEgressPolicy(configuration.egressAllow.join(','));
    if (!egress.ok) throw new StartError(egress.error.detail);

    const sandboxes = await startSandboxes({ folder: folder.path, preferredPort: port + 1, clock, log });
    closers.push(() => sandboxes.close());

    const composition = compose({
      name: 'platform',
      engines,
      clock,
      ids,
      log,
      contexts: [identityService, organizationsService, accessKeysService, billingService, deploymentsService],
      others: parts.worker ? [{ name: 'deploy-worker', module: DeployWorkerModule }] : [],
      shared: [
        { provide: IDENTITY_CONFIG, useValue: identity },
        { provide: EGRESS, useValue: egress.value },
        { provide: EGRESS_GUARD, useValue: egressGuard(egress.value) },
        { provide: SANDBOX_CLUSTERS, useValue: sandboxes.clusters },
      ],
    });
    closers.push(() => composition.close());
    const { eventSourcing } = composition;
    if (!eventSourcing) throw new StartError('The platform needs an event store and a read store.');

    const app = await NestFactory.create<NestFastifyApplication>(
      RootModule.of([...composition.modules]),
      edgeAdapter({ clock }),
      { logger: false, bodyParser: false, abortOnError: false },
    );
    closers.push(() => app.close());
    const served = composition.connect(app);
    const stopEdge = mountGateway(app, {
      configuration,
      engines,
      eventSourcing,
      bus: composition.busFor('gateway', true),
      issuer,
      issuerUrl: identity.issuer,
      audience: identity.audience,
      served,
      clock,
      ids,
      log,
    });
    closers.push(stopEdge);
    await issuer?.mount(app.getHttpAdapter().getInstance() as unknown as Parameters<typeof issuer.mount>[0]); // the same Fastify, typed by Nest for its own use
    await app.init();
    await app.startAllMicroservices();
    await app.listen(port, HOST);
    await Promise.all([composition.start(app), sandboxes.serving]);
    if (parts.worker) closers.push(await startDeployWorker(app, { name: 'platform', incarnation: ids.uuid() }));
    return { url: publicUrl, admin, logFile, problems: eventSourcing.problems(), stop: close };
  } catch (error) {
    await close();
    throw error;
  }
}
