import type { Ids, JsonObject } from '#kernel';
import { LRUCache } from 'lru-cache';
import type { EventText } from '../controller.ts';
import type { KubeObject, Store } from '../store.ts';

/** Maximum number of events whose repetitions are counted instead of stored. The oldest are dropped first. */
const REMEMBERED = 10_000;

/** Records events in a store. A repetition increases the count of the first one. */
export function eventRecorder(
  store: Store,
  create: (event: JsonObject, manager: string) => KubeObject | undefined,
  ids: Ids,
) {
  const names = new LRUCache<string, string>({ max: REMEMBERED });
  return (about: KubeObject, { type, reason, message, component, action, fieldPath }: EventText, now: string): void => {
    const namespace = about.metadata.namespace ?? 'default';
    const sameness = JSON.stringify([namespace, about.metadata.uid, type, reason, message, component, fieldPath]);
    const name = names.get(sameness);
    const known = name === undefined ? undefined : store.get({ resource: 'events', namespace, name });
    if (known && action === undefined) {
      const count = typeof known['count'] === 'number' ? known['count'] + 1 : 2;
      store.put({ resource: 'events', namespace, name: known.metadata.name }, { ...known, count, lastTimestamp: now });
      return;
    }
    const { apiVersion, kind, metadata } = about;
    const made = create(
      {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: `${metadata.name}.${Buffer.from(ids.random(8)).toString('hex')}`, namespace },
        involvedObject: {
          kind,
          ...(metadata.namespace !== undefined && { namespace }),
          name: metadata.name,
          uid: metadata.uid,
          apiVersion,
          resourceVersion: metadata.resourceVersion,
          ...(fieldPath !== undefined && { fieldPath }),
        },
        reason,
        message,
        type,
        reportingComponent: component,
        ...(action === undefined
          ? {
              source: { component },
              firstTimestamp: now,
              lastTimestamp: now,
              count: 1,
              eventTime: null,
              reportingInstance: '',
            }
          : { action, eventTime: now.replace('Z', '.000000Z'), reportingInstance: `${component}-sandbox` }),
      },
      component,
    );
    if (!made) return;
    names.set(sameness, made.metadata.name);
  };
}
