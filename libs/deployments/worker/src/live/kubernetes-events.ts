import type { InventoryEntry, KubernetesEvent } from '#deployments/contract';
import type { KubernetesObject } from '#kubernetes';
import { at, count, text } from '../cluster/json.ts';

/** Kinds that controllers create for a workload. Their names begin with its name and a hyphen. */
const CHILDREN: Readonly<Record<string, RegExp>> = {
  Pod: /^(?:-[a-z0-9]{1,12})?-[a-z0-9]{1,10}$/, // -<template hash>-<random>, -<ordinal>, -<random>
  ReplicaSet: /^-[a-z0-9]{1,12}$/,
  ControllerRevision: /^-[a-z0-9]{1,12}$/,
  Job: /^-[0-9]{1,12}$/,
  PersistentVolumeClaim: /^-[a-z0-9-]{1,63}$/,
};

/** Returns whether an event is about an object of the application, or about one that controllers created for it. */
export function concerns(event: KubernetesObject, inventory: readonly InventoryEntry[]): boolean {
  const kind = text(at(event, 'involvedObject', 'kind')) ?? '';
  const name = text(at(event, 'involvedObject', 'name')) ?? '';
  const namespace = text(at(event, 'involvedObject', 'namespace')) ?? '';
  const child = CHILDREN[kind];
  return inventory.some((entry) => {
    if (entry.namespace !== '' && entry.namespace !== namespace) return false;
    if (entry.kind === kind && entry.name === name) return true;
    return child !== undefined && name.startsWith(`${entry.name}-`) && child.test(name.slice(entry.name.length));
  });
}

/** Returns when the event last occurred, in RFC 3339 UTC: the newest of the timestamps that its sources use. */
const lastSeen = (event: KubernetesObject): string => {
  const times = [
    at(event, 'series', 'lastObservedTime'),
    event['lastTimestamp'],
    event['eventTime'],
    event.metadata.creationTimestamp,
  ].flatMap((time) => {
    const milliseconds = typeof time === 'string' ? Date.parse(time) : Number.NaN;
    return Number.isNaN(milliseconds) ? [] : [milliseconds];
  });
  return times.length === 0 ? '' : new Date(Math.max(...times)).toISOString().replace('.000Z', 'Z');
};

/** Returns an event as the API returns it. */
export function eventRow(event: KubernetesObject): KubernetesEvent {
  const kind = text(at(event, 'involvedObject', 'kind')) ?? '';
  return {
    source: 'kubernetes',
    last: lastSeen(event),
    type: text(event['type']) ?? 'Normal',
    reason: text(event['reason']) ?? '',
    object: `${kind.toLowerCase()}/${text(at(event, 'involvedObject', 'name')) ?? ''}`,
    count: Math.max(1, count(event['count']), count(at(event, 'series', 'count'))),
    message: (text(event['message']) ?? text(event['note']) ?? '').trim(),
  };
}

/** Sorts oldest first. */
export const byTime = (a: KubernetesObject, b: KubernetesObject): number =>
  lastSeen(a) < lastSeen(b) ? -1 : lastSeen(a) > lastSeen(b) ? 1 : 0;
