import { EDGE, isCalledBy, receiverOf, type Contract } from '#bus/contract';
import type { WorkQueueContract } from '#work-queue/contract';
import { controlSubjects, inboxPrefixOf, queueNames, streamSubject } from './subjects.ts';

/** Permissions of the NATS user of one service. Everything else is denied. */
export interface NatsPermissions {
  /** Subjects, sorted. */
  readonly publish: readonly string[];
  /** Subjects, sorted. */
  readonly subscribe: readonly string[];
  /** Milliseconds in which it can send one reply to a message that it receives. Absent if it serves no requests. */
  readonly repliesWithinMs?: number;
}

/** More than the timeout of any request. */
const REPLIES_WITHIN_MS = 120_000;
const API = '$JS.API';

/**
 * Returns the permissions that a service needs: to send the requests whose contracts list it as a caller, to serve its
 * own requests, to read its own inboxes, and to use its work queues.
 *
 * Only the service that enqueues can create streams and consumers. The configuration of a stream contains the subjects
 * that it stores, so this permission gives access to all messages.
 *
 * @param contracts all contracts of the platform
 * @param queues all work queues of the platform
 */
export function natsPermissions(
  service: string,
  contracts: readonly Contract[],
  queues: readonly WorkQueueContract[],
): NatsPermissions {
  const served = contracts.filter(({ subject }) => receiverOf(subject) === service);
  const called = contracts.filter((contract) => isCalledBy(contract, service));
  const sent = served.filter(({ kind }) => kind === 'stream');
  const read = called.filter(({ kind }) => kind === 'stream');
  return {
    publish: sorted([
      ...called.map(({ subject }) => subject),
      ...controlSubjects(called),
      ...sent.flatMap((contract) => readersOf(contract).map((reader) => streamSubject(service, reader, '*'))),
      ...queues.flatMap((queue) => [
        ...(receiverOf(queue.subject) === service ? enqueuing(queue) : []),
        ...(queue.workers?.includes(service) ? working(queue) : []),
      ]),
    ]),
    subscribe: sorted([
      `${inboxPrefixOf(service)}.>`,
      ...served.map(({ subject }) => subject),
      ...controlSubjects(served),
      ...read.map(({ subject }) => streamSubject(receiverOf(subject), service, '*')),
    ]),
    ...(served.length > 0 && { repliesWithinMs: REPLIES_WITHIN_MS }),
  };
}

const readersOf = ({ callers = [], route }: Contract): readonly string[] => [
  ...callers,
  ...(route === undefined ? [] : [EDGE]),
];

function enqueuing(queue: WorkQueueContract): readonly string[] {
  const { stream, deadStream, worker, mover, subject, delayedSubject } = queueNames(queue);
  return [
    `${API}.INFO`,
    ...[stream, deadStream].flatMap((name) => [
      ...['CREATE', 'UPDATE', 'INFO', 'MSG.GET'].map((verb) => `${API}.STREAM.${verb}.${name}`),
    ]),
    `${API}.CONSUMER.CREATE.${stream}.${worker}.${subject}`,
    `${API}.CONSUMER.CREATE.${stream}.${mover}.${delayedSubject}`,
    ...[worker, mover].map((consumer) => `${API}.CONSUMER.INFO.${stream}.${consumer}`),
    subject,
    delayedSubject,
  ];
}

function working(queue: WorkQueueContract): readonly string[] {
  const { stream, worker, mover, subject, deadSubject } = queueNames(queue);
  return [
    `${API}.INFO`,
    `${API}.STREAM.INFO.${stream}`,
    ...[worker, mover].flatMap((consumer) => [
      `${API}.CONSUMER.INFO.${stream}.${consumer}`,
      `${API}.CONSUMER.MSG.NEXT.${stream}.${consumer}`,
      `$JS.ACK.${stream}.${consumer}.>`,
      `$JS.ACK.*.*.${stream}.${consumer}.>`, // newer servers can include domain and account
    ]),
    subject, // for delayed items that are due
    deadSubject,
  ];
}

const sorted = (subjects: readonly string[]): readonly string[] => [...new Set(subjects)].toSorted();
