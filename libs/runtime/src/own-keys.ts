import {
  callerKeyNames,
  loadCallerKeys,
  loadOrCreateCallerKeys,
  parseCallerKeys,
  type CallerKeyring,
  type CallerKeys,
} from '#bus';
import type { Contract } from '#bus/contract';
import type { Logger } from '#kernel';
import type { WorkQueueContract } from '#work-queue/contract';
import { StartError } from './start-error.ts';
import { VARIABLES } from './variables.ts';

const SETTING = VARIABLES.callerKeys.name;
const printCommand = (service: string): string => `npm run admin:caller-keys -- ${service}`;

/** A process of the platform, as its engines see it. */
export interface OwnProcess {
  /** Name on the bus. */
  readonly name: string;
  /** If false, it needs keys that other processes know, and never creates caller keys. */
  readonly isWhole: boolean;
  /** Work queues that it creates. Empty if it only processes their items. */
  readonly queues: readonly WorkQueueContract[];
}

/**
 * Returns the caller keys of the environment, or of the file in the data folder, which only the whole platform creates.
 *
 * @param text of the environment
 * @param process undefined for the whole platform, or a tool
 * @throws StartError
 */
export function loadOwnKeys(text: string | undefined, folder: string, process: OwnProcess | undefined): CallerKeys {
  const isWhole = process?.isWhole ?? true;
  const keys =
    text !== undefined ? parseCallerKeys(text) : isWhole ? loadOrCreateCallerKeys(folder) : loadCallerKeys(folder);
  if (!keys)
    throw new StartError(
      `${SETTING} must be set: ${process?.name} works with other processes, and each needs keys that the others know; ` +
        `print its keys: ${printCommand(process?.name ?? 'SERVICE')}.`,
    );
  if (keys.ok) {
    if (process) requireOwnKeys(process.name, keys.value);
    return keys.value;
  }
  const { detail, fix } = keys.error;
  throw new StartError(text === undefined ? detail : `${SETTING}: ${detail.replace(/\.$/, '')}; ${fix}.`);
}

/** @throws StartError if the keys are those of another service */
export function requireOwnKeys(service: string, keys: CallerKeys): void {
  const other = keys.find((key) => 'service' in key && key.service !== service);
  if (other && 'service' in other)
    throw new StartError(
      `${SETTING}: the keys ${other.id}/… are those of ${other.service}; print those of ${service}: ${printCommand(service)}.`,
    );
}

/**
 * Checks that a process can verify the requests that it serves, and sign those that it sends in its own name and on
 * behalf of persons.
 *
 * @param parts names of its parts on the bus
 * @param contracts requests that it serves, and those that it sends
 * @throws StartError if a key is missing
 */
export function requireKeys(
  service: string,
  keyring: CallerKeyring,
  { parts, contracts }: { readonly parts: readonly string[]; readonly contracts: readonly Contract[] },
): void {
  const [first] = keyring.missing(parts.flatMap((part) => callerKeyNames(part, contracts)));
  if (first !== undefined)
    throw new StartError(
      `${SETTING} lacks the key ${first}, which this release of ${service} needs; print its keys again: ${printCommand(service)}.`,
    );
}

/** Keys of a service that is a separate process. */
interface OwnKeys {
  readonly keys: CallerKeys;
  readonly sealingKeys: string | undefined;
  readonly hasVault: boolean;
  readonly log: Logger;
}

/** Logs a warning if a separate service has keys that it does not need. */
export function warnAboutUnneededKeys(service: string, { keys, sealingKeys, hasVault, log }: OwnKeys): void {
  if (keys.some((key) => 'key' in key))
    log.warn({}, `this process has master caller keys; give it its own: ${printCommand(service)}`);
  if (sealingKeys !== undefined && !hasVault)
    log.warn({}, `${VARIABLES.sealingKeys.name} is set, but ${service} has no vault; remove it from the environment`);
}
