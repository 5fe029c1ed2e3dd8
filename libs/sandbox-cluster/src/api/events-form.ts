import type { Json, JsonObject } from '#kernel';
import type { ResourceData } from '#kubernetes/schemas';
import type { KubeObject } from '../store.ts';

/** Events are stored as core/v1 has them; events.k8s.io/v1 shows the same objects under other names. */
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
/** Left out of the newer form when they are empty. */
const MAY_BE_EMPTY = new Set(['reportingComponent', 'reportingInstance']);
/** What core/v1 writes of every event. */
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

/** An event that came in the newer form, as it is stored. */
export function fromEventsForm(event: KubeObject): KubeObject {
  const members = Object.entries(event).flatMap(([name, value]): [string, Json][] =>
    value === undefined ? [] : [[STORED[name] ?? name, value]],
  );
  return { ...ALWAYS, ...Object.fromEntries(members), kind: 'Event', apiVersion: 'v1', metadata: event.metadata };
}
