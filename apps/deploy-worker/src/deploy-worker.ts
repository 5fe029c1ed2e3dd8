import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { DeployWorkerModule, startDeployWorker } from '#deployments/worker';
import { edgeAdapter } from '#http';
import { EGRESS, parseEgressPolicy } from '#kubernetes';
import {
  compose,
  createLogger,
  DataFolderInUseError,
  openDataFolder,
  openEngines,
  StartError,
  type Configuration,
  type DataFolder,
} from '#runtime';
import { systemClock, systemIds } from '#runtime/system';
import { Module, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

export interface RunningWorker {
  /** As it stands in the log beside each claim. */
  readonly name: string;
  readonly logFile: string;
  stop(): Promise<void>;
}

/** What this process is made of. */
@Module({})
class RootModule {
  static of(imports: readonly DynamicModule[]): DynamicModule {
    return { module: RootModule, imports: [...imports] };
  }
}

/** Workers that may share one data folder. */
const MOST_WORKERS = 64;

/**
 * Starts the worker in this process: it takes work from the queue, asks and reports over the bus, and has no event store.
 * Resolves when it takes work.
 * @throws StartError with one sentence
 */
export async function startWorker(configuration: Configuration): Promise<RunningWorker> {
  if (configuration.bus.kind === 'embedded')
    throw new StartError(
      'ASTRO_BUS must name a NATS server, such as nats://127.0.0.1:4222: nobody hears a worker whose bus ends at its own process.',
    );
  if (configuration.queue.kind === 'embedded')
    throw new StartError(
      "ASTRO_QUEUE must name a NATS server with JetStream, such as nats://127.0.0.1:4222: an embedded queue is the platform's own, and no other process hears of its work.",
    );
  const clock = systemClock;
  const ids = systemIds;
  const { folder, slot } = takeSlot(configuration.dataDir);
  const closers: (() => unknown)[] = [() => folder.release()];
  const close = async () => {
    for (const closer of closers.splice(0).toReversed()) await closer();
  };
  try {
    const logFile = join(folder.path, `${slot}.log`);
    const log = createLogger('deploy-worker', { file: logFile, clock });
    const engines = await openEngines({ configuration, folder: folder.path, clock, ids, log, withLog: false });
    closers.push(() => engines.close());
    const egress = parseEgressPolicy(configuration.egressAllow.join(','));
    if (!egress.ok) throw new StartError(egress.error.detail);

    const composition = compose({
      name: slot,
      engines,
      clock,
      ids,
      log,
      contexts: [],
      others: [{ name: 'deploy-worker', module: DeployWorkerModule }],
      shared: [{ provide: EGRESS, useValue: egress.value }],
    });
    closers.push(() => composition.close());
    // Nest's microservices live in an application with an HTTP adapter; this one never listens.
    const app = await NestFactory.create(RootModule.of(composition.modules), edgeAdapter({ clock }), {
      logger: false,
      abortOnError: false,
    });
    closers.push(() => app.close());
    composition.connect(app);
    await app.init();
    await app.startAllMicroservices();
    const name = nameOf(folder.path, slot);
    closers.push(await startDeployWorker(app, { name, incarnation: ids.uuid() }));
    return { name, logFile, stop: close };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * The first free place among the workers of a data folder. The lock is what makes a name worth something: whoever has the
 * place of another proves that the other is gone, and may go on with its claims at once. One that is frozen keeps its place.
 */
function takeSlot(path: string): { readonly folder: DataFolder; readonly slot: string } {
  for (let number = 1; number <= MOST_WORKERS; number++) {
    const slot = `deploy-worker-${number}`;
    try {
      return { folder: openDataFolder(path, slot), slot };
    } catch (error) {
      if (!(error instanceof DataFolderInUseError)) throw error;
    }
  }
  throw new StartError(`${MOST_WORKERS} workers use the data folder ${path} already; set ASTRO_DATA_DIR to another.`);
}

/** One of its kind among all hosts and folders, without saying where the folder lies. */
const nameOf = (path: string, slot: string): string =>
  `${hostname()}/${createHash('sha256').update(realpathSync(path)).digest('hex').slice(0, 8)}/${slot}`;
