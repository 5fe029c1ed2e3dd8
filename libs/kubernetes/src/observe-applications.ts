import { pause, type Clock, type Ids } from '#kernel';
import { KubernetesUnreachableError, type Discovery, type KubernetesClient } from './client.ts';
import { TYPES } from './discovery.ts';
import { applicationHealth, finder } from './health/application-health.ts';
import type { ApplicationHealth } from './health/health.types.ts';
import { inventoryName, readInventory, type Inventory } from './inventory-fence.ts';
import { driftOfChange, objectSync, type Drift } from './object-sync.ts';
import { keyOf, keyText, type KubernetesObject, type ObjectKey } from './objects.ts';
import { APPLICATION_LABEL } from './ownership.ts';
import { isClosed, reflect, type Reflection } from './reflector.ts';

/** What an observer sees of one application. */
export interface ObservedApplication {
  readonly health: ApplicationHealth;
  /** The fold over all objects: `Synced` when each is there and every field that was applied is still ours. */
  readonly sync: 'Synced' | 'OutOfSync';
  /** What is not as it was applied, and who changed it: the first objects only. */
  readonly drift: readonly Drift[];
  /** The attempt that wrote the inventory last; undefined where there is no inventory. */
  readonly attempt: number | undefined;
}

/** What the log says an application has on the cluster, for when the inventory there is gone. */
export interface DeployedApplication {
  readonly namespace: string;
  /** Undefined until somebody asked for them. */
  readonly entries: readonly ObjectKey[] | undefined;
}

export interface ObserveOptions {
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Called with each application's present state when anything of it may have changed; many changes at once are one call. */
  readonly onSeen: (applicationId: string, seen: ObservedApplication) => void;
  /** Applications that must have an inventory here, by id; none when left out. */
  readonly deployed?: () => ReadonlyMap<string, DeployedApplication>;
  /** Called for an application whose inventory is gone while its entries are not known. */
  readonly onInventoryGone?: (applicationId: string) => void;
  readonly onFault?: (error: unknown) => void;
}

/** Kinds whose health changes by itself; others are followed when an inventory names them. */
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
/** What changes within this time is folded once. */
const GATHER_MS = 100;
/** Looked at again after so long without a change: for rules that count time. */
const LOOK_AGAIN_MS = 5_000;
const MOST_DRIFT = 4;
/** A kind that the server does not serve is looked for again after so long. */
const DISCOVER_AGAIN_MS = 30_000;

/**
 * Follows everything on a cluster that carries our label, and folds it to the state of each application whose inventory lies
 * there, or should. Settles when the signal ends it; rejects when the cluster cannot be asked at the start, and when the client
 * is closed.
 */
export async function observeApplications(client: KubernetesClient, options: ObserveOptions): Promise<void> {
  const { signal, clock } = options;
  const stop = new AbortController();
  const observation = new Observation(client, options, AbortSignal.any([signal, stop.signal]));
  try {
    await observation.begin();
    while (!signal.aborted) {
      if (observation.closed) throw observation.closed;
      if (observation.isChanged) await pause(clock, GATHER_MS, signal);
      await observation.fold();
      if (observation.isChanged || observation.closed || signal.aborted) continue; // nothing would wake it any more
      await observation.rest();
    }
  } finally {
    stop.abort();
    await observation.ended();
  }
}

class Observation {
  isChanged = true;
  closed: KubernetesUnreachableError | undefined;
  private readonly copies = new Map<string, Reflection>();
  private readonly inventories = new Map<string, { readonly version: string | undefined; readonly read: Inventory }>();
  private discovery: Discovery | undefined;
  private discoveredAt = Number.NEGATIVE_INFINITY;
  private wake = () => {};

  constructor(
    private readonly client: KubernetesClient,
    private readonly options: ObserveOptions,
    private readonly until: AbortSignal,
  ) {}

  async begin(): Promise<void> {
    await this.discover();
    for (const [group, kind] of KINDS) this.follow({ group, kind });
    await Promise.all([...this.copies.values()].map(({ whole }) => whole));
  }

  async ended(): Promise<void> {
    await Promise.all([...this.copies.values()].map(({ ended }) => ended));
  }

  /** Until something changed, or it is time to look again. */
  async rest(): Promise<void> {
    const woken = new AbortController();
    this.wake = () => woken.abort();
    await pause(this.options.clock, LOOK_AGAIN_MS, AbortSignal.any([this.options.signal, woken.signal]));
  }

  async fold(): Promise<void> {
    this.isChanged = false;
    const byApplication = this.grouped();
    const deployed = this.options.deployed?.() ?? new Map<string, DeployedApplication>();
    const unknown: ObjectKey[] = [];
    for (const applicationId of new Set([...byApplication.keys(), ...deployed.keys()])) {
      const objects = byApplication.get(applicationId) ?? [];
      const expected = deployed.get(applicationId);
      const inventory = this.inventoryOf(applicationId, objects);
      if (!inventory && expected && !expected.entries) this.options.onInventoryGone?.(applicationId);
      const entries = inventory?.entries ?? expected?.entries;
      if (!entries) continue;
      unknown.push(...entries.filter((key) => !this.copies.has(kindText(key))));
      const missing = inventory || !expected ? [] : [inventoryKey(applicationId, expected.namespace)];
      this.options.onSeen(applicationId, this.stateOf([...missing, ...entries], objects, inventory));
    }
    if (unknown.length > 0) await this.followAll(unknown);
  }

  private stateOf(
    entries: readonly ObjectKey[],
    objects: readonly KubernetesObject[],
    inventory: Inventory | undefined,
  ): ObservedApplication {
    const find = finder(objects);
    const isWatched = (key: ObjectKey) => this.copies.get(kindText(key))?.isWhole === true;
    const health = applicationHealth({
      entries,
      find,
      isWatched,
      isDone: (key) => inventory?.jobs.has(keyText(key)) === true,
      pods: objects.filter(({ kind }) => kind === 'Pod'),
      replicaSets: objects.filter(({ kind }) => kind === 'ReplicaSet'),
      nowMs: this.options.clock.now(),
    });
    const drift = entries.flatMap((key) => (isWatched(key) ? driftOf(key, find(key), inventory) : []));
    const more = drift.length > MOST_DRIFT ? [{ what: `${drift.length - MOST_DRIFT} more objects`, fields: [] }] : [];
    return {
      health,
      sync: drift.length > 0 ? 'OutOfSync' : 'Synced',
      drift: [...drift.slice(0, MOST_DRIFT), ...more],
      attempt: inventory?.attempt,
    };
  }

  private grouped(): ReadonlyMap<string, readonly KubernetesObject[]> {
    const byApplication = new Map<string, KubernetesObject[]>();
    for (const copy of this.copies.values()) {
      for (const object of copy.objects.values()) {
        const id = object.metadata.labels?.[APPLICATION_LABEL];
        if (id === undefined) continue;
        const known = byApplication.get(id);
        if (known) known.push(object);
        else byApplication.set(id, [object]);
      }
    }
    return byApplication;
  }

  /** The inventory of an application, read once for each version of its object. */
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

  /** Follows kinds that inventories name; definitions that came since are found by another look at what is served. */
  private async followAll(keys: readonly ObjectKey[]): Promise<void> {
    const isServed = ({ group, kind }: ObjectKey) => this.discovery?.preferred(group, kind) !== undefined;
    const { clock } = this.options;
    if (!keys.every(isServed) && clock.monotonic() - this.discoveredAt > DISCOVER_AGAIN_MS) {
      try {
        await this.discover();
      } catch (error) {
        this.options.onFault?.(error); // the copies that there are tell the rest
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
      onChange: () => {
        this.isChanged = true;
        this.wake();
      },
      onFault: (error: unknown) => {
        onFault?.(error);
        if (!isClosed(error)) return;
        this.closed = error; // waiting helps no more: whoever closed the client has another one
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

/** Content of Secrets and of ConfigMaps is nobody's business here, save that of inventories. */
function withoutContent(object: KubernetesObject): KubernetesObject {
  const isInventory = object.kind === 'ConfigMap' && object.metadata.name.startsWith(inventoryName(''));
  if ((object.kind !== 'Secret' && object.kind !== 'ConfigMap') || isInventory) return object;
  const { apiVersion, kind, metadata } = object;
  return { apiVersion, kind, metadata };
}

/** Why one object is not as it was applied; nothing where it is. */
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
