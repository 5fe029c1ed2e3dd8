import { OWN_ADDRESSES, reachedAt, type OwnAddresses } from '#egress';
import { CLOCK, LOGGER, type Clock, type Logger } from '#kernel';
import { openDataFolder, SERVICE_SETTINGS, type ServiceSettings } from '#runtime';
import { Inject, Injectable, Module, type FactoryProvider, type OnApplicationShutdown } from '@nestjs/common';
import { SandboxesHandlers } from './sandboxes.handlers.ts';
import { SANDBOXES, startSandboxes, type SandboxServer } from './sandboxes.service.ts';

/** Starts the server of the data folder's sandbox clusters, on the ports after the process's own. */
const sandboxes: FactoryProvider<SandboxServer> = {
  provide: SANDBOXES,
  inject: [SERVICE_SETTINGS, OWN_ADDRESSES, CLOCK, LOGGER],
  async useFactory(
    { dataFolder, host, port, configuration }: ServiceSettings,
    own: OwnAddresses,
    clock: Clock,
    log: Logger,
  ) {
    const lock = openDataFolder(dataFolder, 'sandbox-cluster'); // two processes must not open the same files
    const server = await startSandboxes({
      folder: dataFolder,
      host,
      reachedAt: configuration.sandboxHost ?? reachedAt(host),
      preferredPort: port + 1,
      mostNodes: configuration.sandboxNodes,
      listening(at) {
        own.add(host, at);
        if (configuration.sandboxHost !== undefined) own.add(configuration.sandboxHost, at);
      },
      clock,
      log,
    });
    return {
      ...server,
      async close() {
        await server.close();
        lock.release();
      },
    };
  },
};

/** Stops the threads after the process has completed its last request. */
@Injectable()
class SandboxShutdown implements OnApplicationShutdown {
  constructor(@Inject(SANDBOXES) private readonly server: SandboxServer) {}

  onApplicationShutdown(): Promise<void> {
    return this.server.close();
  }
}

@Module({ controllers: [SandboxesHandlers], providers: [sandboxes, SandboxShutdown] })
export class SandboxClusterModule {}
