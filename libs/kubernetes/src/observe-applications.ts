import { setImmediate as turn } from 'node:timers/promises';
import { pause, type Clock, type Ids } from '#kernel';
import { KubernetesUnreachableError, type Discovery, type KubernetesClient } from './client.ts';
import { TYPES } from './discovery.ts';
import { applicationHealth, finder } from './health/application-health.ts';
import type { KindHealth } from './health/health-rules.ts';
import type { ApplicationHealth } from './health/health.types.ts';
import { inventoryName, readInventory, type Inventory } from './inventory-fence.ts';
import { driftOfChange, objectSync, type Drift } from './object-sync.ts';
import { keyOf, keyText, type KubernetesObject, type ObjectKey } from './objects.ts';
import { APPLICATION_LABEL } from './ownership.ts';
import { isClosed, reflect, type ObjectChange, type Reflection } from './reflector.ts';

/** Observed state of one application. */
export interface ObservedApplication {
  readonly health: ApplicationHealth;
  /** `Synced` if all objects exist and all applied fields are still ours. */
  readonly sync: 'Synced' | 'OutOfSync';
  /** How objects differ from what was applied, and who changed them; only the first few. */
  readonly drift: readonly Drift[];
  /** Attempt that wrote the inventory last; undefined if there is no inventory. */
  readonly attempt: number | undefined;
}

/** Expected state of a deployed application, in case its inventory is deleted from the cluster. */
export interface DeployedApplication {
  readonly namespace: string;
  /** Undefined until `onInventoryGone` has requested them. */
  readonly entries: readonly ObjectKey[] | undefined;
}

export interface ObserveOptions {
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Rules of the cluster for kinds of its own; none by default. */
  readonly kinds?: readonly KindHealth[] | undefined;
  /** Called with an application's current state when it may have changed. Changes within a short time are combined. */
  readonly onSeen: (applicationId: string, seen: ObservedApplication) => void;
  /** Returns the applications that must have an inventory on the cluster, by ID; none by default. */
  readonly deployed?: () => ReadonlyMap<string, DeployedApplication>;
  /** Called for an application without inventory whose entries are not known. */
  readonly onInventoryGone?: (applicationId: string) => void;
  readonly onFault?: (error: unknown) => void;
}

/** Kinds whose health changes by itself. Others are watched when an inventory lists them. */
const KINDS: readonly (readonly [group: string, kind: string])[] = [
  ['', 'ConfigMap'],
  ['', 'Pod'],
  ['apps', 'ReplicaSet'],
  ['apps', 'Deployment'],
  ['apps', 'StatefulSet'],
  ['apps', 'DaemonSet'],
  ['batch', 'Job'],
  ['batch', 'CronJob'],
  ['', 'Service'],
  ['', 'PersistentVolumeClaim'],
  ['networking.k8s.io', 'Ingress'],
  ['autoscaling', 'HorizontalPodAutoscaler'],
];
/** Milliseconds in which changes are combined. */
const BATCH_MS = 100;
/** Milliseconds between checks of all applications, for rules that depend on time. */
const POLL_MS = 5_000;
/** Applications that are checked before the event loop continues. */
const APPLICATIONS_PER_TURN = 50;
const MAX_DRIFT = 4;
/** Milliseconds before discovery is repeated for a kind that the server does not serve. */
const DISCOVER_AGAIN_MS = 30_000;

/**
 * Watches all objects on a cluster that have the application label, and aggregates them to the state of each
 * application that has, or should have, an inventory there. Resolves when the signal aborts; rejects if the cluster is
 * unreachable at the start, or when the client is closed.
 */
export async function observeApplications(client: KubernetesClient, options: ObserveOptions): Promise<void> {
  const { signal, clock } = options;
  const stop = new AbortController();
  const observation = new Observation(client, options, AbortSignal.any([signal, stop.signal]));
  try {
    await observation.start();
    while (!signal.aborted) {
      if (observation.closed) throw observation.closed;
      if (observation.isChanged) await pause(clock, BATCH_MS, signal);
      await observation.check();
      if (observation.isChanged || observation.closed || signal.aborted) continue; // nothing would wake it
      await observation.rest();
    }
  } finally {
    stop.abort();
    await observation.ended();
  }
}

class Observation {
  closed: KubernetesUnreachableError | undefined;
  private readonly copies = new Map<string, Reflection>();
  /** Objects of each application by `keyText`. */
  private readonly objects = new Map<string, Map<string, KubernetesObject>>();
  private readonly inventories = new Map<string, { readonly version: string | undefined; readonly read: Inventory }>();
  /** Applications with a change since their last check. */
  private readonly changed = new Set<string>();
  private allCheckedAt = Number.NEGATIVE_INFINITY;
  /** Kinds of which a complete list was known at the last check of all applications. */
  private syncedKinds = 0;
  private discovery: Discovery | undefined;
  private discoveredAt = Number.NEGATIVE_INFINITY;
  private wake = () => {};

  constructor(
    private readonly client: KubernetesClient,
    private readonly options: ObserveOptions,
    private readonly until: AbortSignal,
  ) {}

  async start(): Promise<void> {
    await this.discover();
    for (const [group, kind] of KINDS) this.follow({ group, kind });
    await Promise.all([...this.copies.values()].map(({ synced }) => synced));
  }

  async ended(): Promise<void> {
    await Promise.all([...this.copies.values()].map(({ ended }) => ended));
  }

  /** Whether an application may differ from its last check. */
  get isChanged(): boolean {
    return this.changed.size > 0 || this.countSynced() !== this.syncedKinds;
  }

  /** Waits for a change, or until the next check of all applications. */
  async rest(): Promise<void> {
    const notified = new AbortController();
    this.wake = () => notified.abort();
    const { clock, signal } = this.options;
    const inMs = Math.max(1, this.allCheckedAt + POLL_MS - clock.monotonic());
    await pause(clock, inMs, AbortSignal.any([signal, notified.signal]));
  }

  /** Reports the state of each changed application, and from time to time of all. */
  async check(): Promise<void> {
    const deployed = this.options.deployed?.() ?? new Map<string, DeployedApplication>();
    const unknown: ObjectKey[] = [];
    let checked = 0;
    for (const applicationId of this.nextToCheck(deployed)) {
      this.changed.delete(applicationId);
      unknown.push(...this.checkOne(applicationId, deployed.get(applicationId)));
      checked += 1;
      if (checked % APPLICATIONS_PER_TURN === 0) await turn();
    }
    if (unknown.length > 0) await this.followAll(unknown);
  }

  private nextToCheck(deployed: ReadonlyMap<string, DeployedApplication>): readonly string[] {
    const now = this.options.clock.monotonic();
    const synced = this.countSynced();
    if (synced === this.syncedKinds && now - this.allCheckedAt < POLL_MS) return [...this.changed];
    this.allCheckedAt = now;
    this.syncedKinds = synced;
    return [...new Set([...this.changed, ...this.objects.keys(), ...deployed.keys()])];
  }

  private countSynced(): number {
    let count = 0;
    for (const { isSynced } of this.copies.values()) if (isSynced) count += 1;
    return count;
  }

  /** @returns the objects of its inventory whose kind is not watched yet */
  private checkOne(applicationId: string, expected: DeployedApplication | undefined): readonly ObjectKey[] {
    const objects = [...(this.objects.get(applicationId)?.values() ?? [])];
    const inventory = this.inventoryOf(applicationId, objects);
    if (!inventory && expected && !expected.entries) this.options.onInventoryGone?.(applicationId);
    const entries = inventory?.entries ?? expected?.entries;
    if (!entries) return [];
    const missing = inventory || !expected ? [] : [inventoryKey(applicationId, expected.namespace)];
    this.options.onSeen(applicationId, this.stateOf([...missing, ...entries], objects, inventory));
    return entries.filter((key) => !this.copies.has(kindText(key)));
  }

  private stateOf(
    entries: readonly ObjectKey[],
    objects: readonly KubernetesObject[],
    inventory: Inventory | undefined,
  ): ObservedApplication {
    const find = finder(objects);
    const isWatched = (key: ObjectKey) => this.copies.get(kindText(key))?.isSynced === true;
    const health = applicationHealth({
      entries,
      find,
      isWatched,
      isDone: (key) => inventory?.jobs.has(keyText(key)) === true,
      pods: objects.filter(({ kind }) => kind === 'Pod'),
      replicaSets: objects.filter(({ kind }) => kind === 'ReplicaSet'),
      nowMs: this.options.clock.now(),
      kinds: this.options.kinds,
    });
    const drift = entries.flatMap((key) => (isWatched(key) ? driftOf(key, find(key), inventory) : []));
    const more = drift.length > MAX_DRIFT ? [{ what: `${drift.length - MAX_DRIFT} more objects`, fields: [] }] : [];
    return {
      health,
      sync: drift.length > 0 ? 'OutOfSync' : 'Synced',
      drift: [...drift.slice(0, MAX_DRIFT), ...more],
      attempt: inventory?.attempt,
    };
  }

  /** Assigns an object to the application that its label names, which may have changed. */
  private assign({ before, after }: ObjectChange): void {
    const [former, current] = [before, after].map((object) => object?.metadata.labels?.[APPLICATION_LABEL]);
    if (before && former !== undefined) {
      const known = this.objects.get(former);
      known?.delete(keyText(keyOf(before)));
      if (known?.size === 0) this.objects.delete(former);
      this.changed.add(former);
    }
    if (after && current !== undefined) {
      const known = this.objects.get(current) ?? new Map<string, KubernetesObject>();
      this.objects.set(current, known.set(keyText(keyOf(after)), after));
      this.changed.add(current);
    }
  }

  /** Returns the inventory of an application, parsed once for each version of its object. */
  private inventoryOf(applicationId: string, objects: readonly KubernetesObject[]): Inventory | undefined {
    const object = objects.find(
      ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === inventoryName(applicationId),
    );
    if (!object || object.metadata.deletionTimestamp !== undefined) {
      this.inventories.delete(applicationId);
      return undefined;
    }
    const version = object.metadata.resourceVersion;
    const known = this.inventories.get(applicationId);
    if (known && known.version === version) return known.read;
    const read = readInventory(object);
    this.inventories.set(applicationId, { version, read });
    return read;
  }

  /** Watches the kinds that inventories list. New definitions are found by repeating discovery. */
  private async followAll(keys: readonly ObjectKey[]): Promise<void> {
    const isServed = ({ group, kind }: ObjectKey) => this.discovery?.preferred(group, kind) !== undefined;
    const { clock } = this.options;
    if (!keys.every(isServed) && clock.monotonic() - this.discoveredAt > DISCOVER_AGAIN_MS) {
      try {
        await this.discover();
      } catch (error) {
        this.options.onFault?.(error); // the existing watches continue
      }
    }
    for (const key of keys) this.follow(key);
  }

  private async discover(): Promise<void> {
    this.discovery = await this.client.discovery({ signal: this.until, maxAgeMs: 0 });
    this.discoveredAt = this.options.clock.monotonic();
  }

  private follow(key: Pick<ObjectKey, 'group' | 'kind'>): void {
    const type = this.discovery?.preferred(key.group, key.kind);
    if (!type || this.copies.has(kindText(key))) return;
    const { clock, ids, onFault } = this.options;
    const copy = reflect(this.client, type, {
      signal: this.until,
      clock,
      ids,
      labelSelector: APPLICATION_LABEL,
      keep: withoutContent,
      onObject: (change) => this.assign(change),
      onChange: () => this.wake(),
      onFault: (error: unknown) => {
        onFault?.(error);
        if (!isClosed(error)) return;
        this.closed = error; // the client is closed, so retrying cannot help
        this.wake();
      },
    });
    this.copies.set(kindText(key), copy);
  }
}

const kindText = ({ group, kind }: Pick<ObjectKey, 'group' | 'kind'>): string => `${group}/${kind}`;

const inventoryKey = (applicationId: string, namespace: string): ObjectKey => ({
  group: TYPES.configMap.group,
  kind: TYPES.configMap.kind,
  namespace,
  name: inventoryName(applicationId),
});

/** Removes the content of Secrets and ConfigMaps, which is not needed, except for inventories. */
function withoutContent(object: KubernetesObject): KubernetesObject {
  const isInventory = object.kind === 'ConfigMap' && object.metadata.name.startsWith(inventoryName(''));
  if ((object.kind !== 'Secret' && object.kind !== 'ConfigMap') || isInventory) return object;
  const { apiVersion, kind, metadata } = object;
  return { apiVersion, kind, metadata };
}

/** Returns how one object differs from what was applied; empty if it does not. */
function driftOf(key: ObjectKey, live: KubernetesObject | undefined, inventory: Inventory | undefined): Drift[] {
  const name = `${key.kind}/${key.name}`;
  if (!live && inventory?.jobs.has(keyText(key))) return [];
  if (!live) return [{ what: `${name} is missing`, fields: [] }];
  if (!inventory) return [];
  const text = keyText(keyOf(live));
  if (inventory.pending.has(text)) return [{ what: `${name} was not updated`, fields: [] }];
  const { state, changed } = objectSync(live, inventory.applied.get(text));
  return state === 'Synced' ? [] : [driftOfChange(name, changed)];
}
