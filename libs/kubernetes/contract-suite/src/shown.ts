import type { Json, JsonObject } from '#kernel';

// Views of responses: the parts that a case is about, without names that a server generates randomly.

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const part = (value: Json | undefined, ...path: readonly string[]): Json | undefined =>
  path.reduce<Json | undefined>((here, step) => (isObject(here) ? here[step] : undefined), value);

export const items = (body: Json): readonly JsonObject[] => {
  const found = part(body, 'items');
  return Array.isArray(found) ? (found as readonly Json[]).filter(isObject) : [];
};

const ordered = (values: readonly Json[]): Json =>
  [...values].sort((left, right) => (JSON.stringify(left) < JSON.stringify(right) ? -1 : 1));

/** Replaces the random suffix of a generated name. */
const plain = (text: Json | undefined): Json =>
  typeof text === 'string' ? text.replaceAll(/-[bcdf-hj-np-tv-xz2456789]{5,10}\b/g, '-?') : (text ?? null);

const condition = (value: Json): Json => ({
  type: part(value, 'type') ?? null,
  status: part(value, 'status') ?? null,
  reason: part(value, 'reason') ?? null,
  message: plain(part(value, 'message')),
});

export const conditions = (object: Json): readonly Json[] => {
  const found = part(object, 'status', 'conditions');
  return Array.isArray(found) ? (found as readonly Json[]).map(condition) : [];
};

/** Returns whether an object has a condition with this status, and with this reason if one is given. */
export const hasCondition = (object: Json, type: string, status = 'True', reason?: string): boolean =>
  conditions(object).some(
    (each) =>
      part(each, 'type') === type &&
      part(each, 'status') === status &&
      (reason === undefined || part(each, 'reason') === reason),
  );

/** Returns the annotations, generation, replicas, and status of a workload. */
export const workloadShown = (object: JsonObject): Json => ({
  annotations: part(object, 'metadata', 'annotations') ?? null,
  generation: part(object, 'metadata', 'generation') ?? null,
  replicas: part(object, 'spec', 'replicas') ?? null,
  status: { ...(isObject(object['status']) ? object['status'] : {}), conditions: conditions(object) },
});

/** Returns ReplicaSets in the order of their revisions. */
export const setsShown = (body: JsonObject): Json =>
  [...items(body)]
    .sort(
      (left, right) =>
        Number(part(left, 'metadata', 'annotations', 'deployment.kubernetes.io/revision')) -
        Number(part(right, 'metadata', 'annotations', 'deployment.kubernetes.io/revision')),
    )
    .map((set) => ({
      ...(workloadShown(set) as JsonObject), // an object literal above
      labels: part(set, 'metadata', 'labels') ?? null,
      owner: part(set, 'metadata', 'ownerReferences') ?? null,
      selector: part(set, 'spec', 'selector') ?? null,
      template: part(set, 'spec', 'template') ?? null,
    }));

/** Returns pods without name and status: what their owner created from the template, and whether they are ready. */
export const podsShown = (body: JsonObject): Json =>
  ordered(
    items(body).map((pod) => ({
      phase: part(pod, 'status', 'phase') ?? null,
      ready: hasCondition(pod, 'Ready'),
      deleting: part(pod, 'metadata', 'deletionTimestamp') !== undefined,
      name: plain(part(pod, 'metadata', 'name')),
      generateName: plain(part(pod, 'metadata', 'generateName')),
      labels: part(pod, 'metadata', 'labels') ?? null,
      owner: part(pod, 'metadata', 'ownerReferences') ?? null,
      image:
        (part(pod, 'spec', 'containers') as readonly Json[] | undefined)?.map(
          (container) => part(container, 'image') ?? null,
        ) ?? null, // every pod has a list
    })),
  );

/** Returns the names of a list's items. */
export const namesShown = (body: JsonObject): Json =>
  ordered(items(body).map((item) => plain(part(item, 'metadata', 'name'))));

/** Returns the content of events, without counts and times, which depend on speed. */
export const eventsShown = (body: JsonObject): Json =>
  ordered([
    ...new Map(
      items(body).map((event) => {
        const shown = {
          about: `${String(part(event, 'involvedObject', 'kind'))} ${String(plain(part(event, 'involvedObject', 'name')))}`,
          type: part(event, 'type') ?? null,
          reason: part(event, 'reason') ?? null,
          message: plain(part(event, 'message')),
          from: part(event, 'source', 'component') ?? null,
          reporter: part(event, 'reportingComponent') ?? null,
        };
        return [JSON.stringify(shown), shown] as const;
      }),
    ).values(),
  ]);

/** Predicate for `until`: all replicas have the newest template and are available. */
export const isRolledOut = (object: Json): boolean => {
  const replicas = part(object, 'spec', 'replicas') ?? 1;
  const status = (name: string): Json => part(object, 'status', name) ?? 0;
  return (
    part(object, 'status', 'observedGeneration') === part(object, 'metadata', 'generation') &&
    ['replicas', 'updatedReplicas', 'readyReplicas', 'availableReplicas'].every((name) => status(name) === replicas) &&
    part(object, 'status', 'terminatingReplicas') !== undefined &&
    status('terminatingReplicas') === 0 &&
    (replicas === 0 ||
      hasCondition(object, 'Progressing', 'True', 'NewReplicaSetAvailable') ||
      hasCondition(object, 'Progressing', 'Unknown'))
  );
};

/** Predicate for `until`: a list has this number of items, all of which pass the test. */
export const has =
  (count: number, test: (item: JsonObject) => boolean = () => true) =>
  (body: JsonObject): boolean =>
    items(body).length === count && items(body).every(test);

/** Predicate for `until`: an item of a list passes the test. */
export const hasOne =
  (test: (item: JsonObject) => boolean) =>
  (body: JsonObject): boolean =>
    items(body).some(test);

export const isGone = (body: JsonObject): boolean => body['kind'] === 'Status' && body['code'] === 404;
