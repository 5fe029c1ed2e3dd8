import { silentLogger, type Json, type JsonObject } from '#kernel';
import { manualClock, sequenceIds } from '#testing';
import { openSandbox } from '../sandbox.ts';
import type { KubeObject, ObjectKey } from '../store.ts';
import { keyOf, objectsAt, textAt } from './fields.ts';

const STEP_MS = 250;

/** Opens a sandbox on a manual clock, with a namespace `shop` and, unless more are allowed, one node. */
export function testCluster(folder: string, startMs?: number, mostNodes = 1) {
  const clock = manualClock(startMs);
  const open = () =>
    openSandbox({ folder, clock, ids: sequenceIds(String(clock.now())), log: silentLogger, mostNodes });
  let sandbox = open();

  /** Advances the clock in steps of 250 ms, and runs the controllers after each step. */
  function pass(ms: number): void {
    sandbox.runner.drain();
    for (let passed = 0; passed < ms; passed += STEP_MS) {
      clock.advance(Math.min(STEP_MS, ms - passed));
      sandbox.runner.drain();
    }
  }

  function create(object: JsonObject): KubeObject {
    const made = sandbox.api.create(object, 'test');
    if (!made.ok) throw new Error(made.error.message);
    return made.value;
  }

  function get(resource: string, name: string, namespace = 'shop'): KubeObject {
    const found = sandbox.store.get({ resource, namespace, name });
    if (!found) throw new Error(`no ${resource} ${name}`);
    return found;
  }

  /** Changes the spec of a stored object. */
  function edit(resource: string, name: string, spec: JsonObject): KubeObject {
    const object = get(resource, name);
    const done = sandbox.api.update({ ...object, spec: { ...object.spec, ...spec } }, 'test');
    if (!done.ok) throw new Error(done.error.message);
    return done.value;
  }

  create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  pass(0);
  return {
    clock,
    pass,
    create,
    get,
    edit,
    get store() {
      return sandbox.store;
    },
    get api() {
      return sandbox.api;
    },
    has: (resource: string, name: string, namespace = 'shop') =>
      sandbox.store.get({ resource, namespace, name }) !== undefined,
    list: (resource: string, namespace = 'shop') => sandbox.store.list(resource, { namespace }),
    delete: (
      resource: string,
      name: string,
      options: Parameters<typeof sandbox.api.delete>[1] = {},
      namespace = 'shop',
    ) => sandbox.api.delete({ resource, namespace, name }, options),
    remove: (resource: string, object: KubeObject): ObjectKey => {
      sandbox.api.delete(keyOf(resource, object));
      return keyOf(resource, object);
    },
    /** Returns `reason: message` of the events about an object. */
    events: (name: string, namespace = 'shop') =>
      sandbox.store
        .list('events', { namespace })
        .filter((event) => textAt(event, 'involvedObject', 'name') === name)
        .map((event) => `${textAt(event, 'reason') ?? ''}: ${textAt(event, 'message') ?? ''}`),
    /** Closes the sandbox without any preparation, and opens its folder again. */
    async reopen() {
      await sandbox.close();
      sandbox = open();
    },
    close: () => sandbox.close(),
  };
}

export type TestCluster = ReturnType<typeof testCluster>;

/** Formats each condition as `type=status reason`. */
export const conditionsShown = (object: KubeObject): readonly string[] =>
  objectsAt(object, 'status', 'conditions').map((condition) =>
    `${textAt(condition, 'type') ?? ''}=${textAt(condition, 'status') ?? ''} ${textAt(condition, 'reason') ?? ''}`.trim(),
  );

interface DeploymentParts {
  readonly image?: string;
  readonly spec?: JsonObject;
  readonly podSpec?: JsonObject;
  readonly container?: JsonObject;
}

/** Returns a pod template with the label `app: <name>`. */
export const podTemplate = (
  name: string,
  { image = 'registry.example/web:1', podSpec = {}, container = {} }: DeploymentParts = {},
): JsonObject => ({
  metadata: { labels: { app: name } },
  spec: { containers: [{ name: 'web', image, ...container }] satisfies Json, ...podSpec },
});

export const deployment = (name: string, parts: DeploymentParts = {}): JsonObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'shop' },
  spec: { replicas: 2, selector: { matchLabels: { app: name } }, template: podTemplate(name, parts), ...parts.spec },
});

export const pod = (name: string, parts: DeploymentParts = {}): JsonObject => {
  const template = podTemplate(name, parts);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop', labels: { app: name } },
    spec: template['spec'],
  };
};
