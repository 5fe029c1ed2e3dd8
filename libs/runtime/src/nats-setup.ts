import type { NatsAddress, NatsSetupError } from '#nats';
import type { Configuration } from './configuration.ts';
import { StartError } from './start-error.ts';
import { VARIABLES } from './variables.ts';

/**
 * Returns the address of the NATS server with the user of a process.
 *
 * @param service name of the process on the bus; undefined for a tool
 */
export function natsAddress(
  { natsCredentials, natsAuthority }: Pick<Configuration, 'natsCredentials' | 'natsAuthority'>,
  url: string,
  service: string | undefined,
): NatsAddress {
  return {
    url,
    ...(service !== undefined && { service }),
    ...(natsCredentials !== undefined && { credentialsFile: natsCredentials }),
    ...(natsAuthority !== undefined && { caFile: natsAuthority }),
  };
}

/**
 * Returns a handler that adds the name of the invalid setting to errors of NATS.
 *
 * @param setting name of the setting with the address
 */
export const explainSetup =
  (setting: string) =>
  (error: unknown): never => {
    if (!isSetupError(error)) throw error;
    const names = {
      address: setting,
      credentials: VARIABLES.natsCredentials.name,
      authority: VARIABLES.natsAuthority.name,
    };
    throw new StartError(`${names[error.about]}: ${error.message}`, { cause: error });
  };

/** Checks the code, because only processes that use NATS load the class. */
const isSetupError = (error: unknown): error is NatsSetupError =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'nats/setup';
