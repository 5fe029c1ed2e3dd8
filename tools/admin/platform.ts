import { EDGE, receiverOf, type Contract } from '#bus/contract';
import type { WorkQueueContract } from '#work-queue/contract';

/** All contracts and work queues of the platform. A test compares them with the sources. */
const MODULES: readonly Readonly<Record<string, unknown>>[] = [
  await import('#access-keys/contract'),
  await import('#audit/contract'),
  await import('#billing/contract'),
  await import('#deployments/contract'),
  await import('#identity/contract'),
  await import('#organizations/contract'),
  await import('#operations/contract'),
  await import('#runtime/contract'),
  await import('#sandbox-cluster/contract'),
];
const EXPORTED = MODULES.flatMap((module) => Object.values(module).flat());

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
const isContract = (value: unknown): value is Contract =>
  isObject(value) && 'kind' in value && (value.kind === 'request' || value.kind === 'stream') && 'subject' in value;
const isQueue = (value: unknown): value is WorkQueueContract =>
  isObject(value) && 'ackWaitMs' in value && 'maxDeliveries' in value && 'subject' in value;

export const CONTRACTS: readonly Contract[] = EXPORTED.filter(isContract);
export const QUEUES: readonly WorkQueueContract[] = EXPORTED.filter(isQueue);

/** Names of all services of the distributed profile. */
export const SERVICES: readonly string[] = [
  ...new Set([EDGE, ...CONTRACTS.map(({ subject }) => receiverOf(subject))]),
].toSorted();
