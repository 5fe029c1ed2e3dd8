import { receiverOf, type Contract } from '#bus/contract';
import { checkSubject } from '#work-queue';
import type { WorkQueueContract } from '#work-queue/contract';

/** Returns the prefix of the inboxes of a service. Its NATS user can subscribe only to these inboxes. */
export const inboxPrefixOf = (service: string): string => `_INBOX.${service}`;

/**
 * Returns the subject on which a service sends one stream to a reader. Both names are part of it, so that a service can
 * be permitted to send its own streams, and no replies to the requests of others.
 */
export const streamSubject = (receiver: string, reader: string, call: string): string =>
  `_STREAM.${receiver}.${reader}.${call}`;

/** Returns whether a service may reply on a subject: an inbox, or the subject of a stream. */
export const isReplySubject = (subject: string): boolean => /^_(INBOX|STREAM)\./.test(subject);

/** Returns the subject of a reader's control messages: `alive` renews the lease of a stream, `cancel` ends it. */
export const controlSubject = (receiver: string, verb: 'alive' | 'cancel', call: string): string =>
  `_CALL.${receiver}.${verb}.${call}`;

/** Returns the patterns of the control subjects of all streams among the contracts: one for each service that sends some. */
export const controlSubjects = (contracts: readonly Pick<Contract, 'kind' | 'subject'>[]): readonly string[] => [
  ...new Set(contracts.flatMap(({ kind, subject }) => (kind === 'stream' ? [`_CALL.${receiverOf(subject)}.*.*`] : []))),
];

/** Names of one queue on the server: a work-queue stream with two durable consumers, and a stream of dead letters. */
export interface QueueNames {
  readonly stream: string;
  readonly subject: string;
  /** Delayed items. A worker moves them to `subject` when they are due. */
  readonly delayedSubject: string;
  readonly worker: string;
  readonly mover: string;
  readonly deadStream: string;
  readonly deadSubject: string;
}

/** @throws RangeError for an invalid subject */
export function queueNames({ subject }: Pick<WorkQueueContract, 'subject'>): QueueNames {
  checkSubject(subject);
  const stream = `WORK_${subject.replaceAll('.', '_')}`; // subjects contain no underscores, so names are unique
  return {
    stream,
    subject,
    delayedSubject: `${subject}.DELAYED`,
    worker: 'worker',
    mover: 'mover',
    deadStream: `DEAD_${stream}`,
    deadSubject: `${subject}.DEAD`,
  };
}
