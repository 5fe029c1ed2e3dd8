import type { Json, JsonObject } from '#kernel';
import type { ResourceData } from '#kubernetes/schemas';
import type { KubeObject } from '../store.ts';

/**
 * Field names of events.k8s.io/v1 by those of core/v1. Events are stored as core/v1; both API groups serve the same
 * objects.
 */
const NAMES: Readonly<Record<string, string>> = {
  involvedObject: 'regarding',
  message: 'note',
  source: 'deprecatedSource',
  firstTimestamp: 'deprecatedFirstTimestamp',
  lastTimestamp: 'deprecatedLastTimestamp',
  count: 'deprecatedCount',
  reportingComponent: 'reportingController',
};
const STORED: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(NAMES).map(([stored, shown]) => [shown, stored]),
);
/** Fields that events.k8s.io/v1 omits when they are empty. */
const MAY_BE_EMPTY = new Set(['reportingComponent', 'reportingInstance']);
/** Fields that core/v1 always includes. */
const ALWAYS: JsonObject = {
  source: {},
  firstTimestamp: null,
  lastTimestamp: null,
  reportingComponent: '',
  reportingInstance: '',
};

export const hasEventsForm = ({ kind, group }: ResourceData): boolean => kind === 'Event' && group === 'events.k8s.io';

export function toEventsForm(event: KubeObject): KubeObject {
  const members = Object.entries(event).flatMap(([name, value]): [string, Json][] =>
    value === undefined || (value === '' && MAY_BE_EMPTY.has(name)) ? [] : [[NAMES[name] ?? name, value]],
  );
  return { ...Object.fromEntries(members), kind: 'Event', apiVersion: 'events.k8s.io/v1', metadata: event.metadata };
}

/** Converts an event from events.k8s.io/v1 to its stored form. */
export function fromEventsForm(event: KubeObject): KubeObject {
  const members = Object.entries(event).flatMap(([name, value]): [string, Json][] =>
    value === undefined ? [] : [[STORED[name] ?? name, value]],
  );
  return { ...ALWAYS, ...Object.fromEntries(members), kind: 'Event', apiVersion: 'v1', metadata: event.metadata };
}
