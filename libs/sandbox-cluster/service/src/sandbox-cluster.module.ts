import { SANDBOX_CLUSTERS } from '#deployments/contract';
import { CLOCK, LOGGER, type Clock, type Logger } from '#kernel';
import { SERVICE_SETTINGS, type ServiceSettings } from '#runtime';
import { Inject, Injectable, Module, type FactoryProvider, type OnApplicationShutdown } from '@nestjs/common';
import { startSandboxes, type SandboxServer } from './sandboxes.service.ts';

export const SANDBOXES = Symbol('sandboxes');

/** The sandbox clusters of the data folder, from the ports after the process's own on. */
const sandboxes: FactoryProvider<SandboxServer> = {
  provide: SANDBOXES,
  inject: [SERVICE_SETTINGS, CLOCK, LOGGER],
  useFactory: ({ dataFolder, host, port }: ServiceSettings, clock: Clock, log: Logger) =>
    startSandboxes({ folder: dataFolder, host, preferredPort: port + 1, clock, log }),
};

/** Ends the threads when the process has served its last request. */
@Injectable()
class SandboxShutdown implements OnApplicationShutdown {
  constructor(@Inject(SANDBOXES) private readonly server: SandboxServer) {}

  onApplicationShutdown(): Promise<void> {
    return this.server.close();
  }
}

export const sandboxProviders = [
  sandboxes,
  SandboxShutdown,
  {
    provide: SANDBOX_CLUSTERS,
    inject: [SANDBOXES],
    useFactory: ({ clusters }: SandboxServer) => clusters,
  },
];

@Module({})
export class SandboxClusterModule {}
