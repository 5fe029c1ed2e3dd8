import { err, formatSeconds, ok, type Clock, type Ids, type Json, type JsonObject, type Result } from '#kernel';
import {
  apiVersionOf,
  applyObject,
  goText,
  jsonPatch,
  mergePatch,
  sameJson,
  strategicMerge,
  type PatchError,
  type ResourceData,
  type Schemas,
} from '#kubernetes/schemas';
import type { ApiStatus, Cluster, EventText, Propagation } from '../controller.ts';
import { isObject, NoRoom, type KubeObject, type ObjectKey, type Store } from '../store.ts';
import { admitAmounts, admitNamespace, admitResize, mutate, type QuotaCheck } from './admission.ts';
import { allocate, serviceUse } from './allocation.ts';
import { fromEventsForm, hasEventsForm } from './events-form.ts';
import { conflictStatus } from './conflicts.ts';
import { readApplied, readBody, readPatched, type FieldValidation, type ReadObject } from './decoding.ts';
import { deleteFrom, type DeleteRequest, type Deleted } from './deleting.ts';
import { eventRecorder } from './events.ts';
import { gvkText, metadataOf, withIdentity, ruleKind, inVersion } from './names.ts';
import {
  apartForScale,
  bare,
  emptyOf,
  encodedManagers,
  followLastApplied,
  isWithin,
  managersForApply,
  ownByLastApply,
  ownersOfChanged,
  ownersOfNew,
  writerOf,
  type Managers,
} from './ownership.ts';
import { podSecurityOf } from './pod-security.ts';
import { mismatch, staleness } from './preconditions.ts';
import { replicasOf, scaleOf, withReplicas } from './scale.ts';
import {
  about,
  alreadyExists,
  badRequest,
  failure,
  forbidden,
  groupResource,
  invalid,
  notFound,
  causes,
} from './status.ts';
import { prepareCreate, prepareUpdate } from './strategy.ts';
import { validate, validateStatus, validateUpdate } from './validation/index.ts';
import { warningsFor } from './validation/warnings.ts';

/** An endpoint of one kind, with the part of the object that it writes. */
export interface Target {
  readonly resource: ResourceData;
  /** '' for cluster-scoped objects. */
  readonly namespace: string;
  readonly name: string;
  readonly subresource: '' | 'status' | 'scale';
}

export interface WriteOptions {
  readonly manager: string;
  readonly dryRun: boolean;
  /** How to handle unknown and duplicate fields, except in server-side apply. */
  readonly fieldValidation: FieldValidation;
  readonly force?: boolean;
  /** Fields that occur more than once in the body's text. */
  readonly duplicates?: readonly string[];
  /** Whether the object results from a patch of the stored one. */
  readonly isPatch?: boolean;
}

export interface Written {
  readonly object: KubeObject;
  readonly created: boolean;
  readonly warnings: readonly string[];
}

export type PatchKind = 'apply' | 'merge' | 'strategic' | 'json';
export type { DeleteRequest } from './deleting.ts';

type Answer<T> = Result<T, ApiStatus>;

/**
 * Maximum bytes of one object, the limit of etcd, and of all objects of a sandbox: about 20,000 objects of typical
 * size. All of them are in the platform's memory.
 */
const MOST = { object: 1_572_864, store: 64 * 1024 * 1024 };

/**
 * Performs writes as a server does: decoding, defaults, field ownership, admission, validation, no-op detection, then
 * storage.
 */
export class WriteApi implements Cluster {
  private readonly services = serviceUse();
  private readonly tellEvent: ReturnType<typeof eventRecorder>;

  constructor(
    readonly store: Store,
    readonly schemas: Schemas,
    readonly clock: Clock,
    private readonly ids: Ids,
    private readonly quota?: QuotaCheck,
  ) {
    this.tellEvent = eventRecorder(
      store,
      (event, manager) => ((made) => (made.ok ? made.value : undefined))(this.create(event, manager)),
      ids,
    );
  }

  timestamp(ms = this.clock.now()): string {
    return formatSeconds(ms);
  }

  keyOf({ resource, namespace, name }: Pick<Target, 'resource' | 'namespace' | 'name'>): ObjectKey {
    // Both API groups of events serve the same objects.
    return { resource: ruleKind(resource) === 'Event' ? 'events' : groupResource(resource), namespace, name };
  }

  get(target: Omit<Target, 'subresource'>): Answer<KubeObject> {
    const found = this.liveOf(target);
    return found ? ok(found) : err(notFound(target.resource, target.name));
  }

  /** Returns the stored object in the requested version. */
  private liveOf(target: Pick<Target, 'resource' | 'namespace' | 'name'>): KubeObject | undefined {
    const found = this.store.get(this.keyOf(target));
    return found && inVersion(target.resource, found);
  }

  /** POST. The name may be generated. */
  createObject(
    { resource, namespace }: Omit<Target, 'name'>,
    body: JsonObject,
    options: WriteOptions,
  ): Answer<Written> {
    const read = readBody(this.schemas, resource, body, options);
    if (!read.ok) return read;
    const metadata = metadataOf(read.value.object);
    const wrong = mismatch(resource, namespace, read.value.object);
    if (wrong) return err(wrong);
    if (metadata['resourceVersion'] !== undefined && metadata['resourceVersion'] !== '')
      return err(failure(500, '', 'resourceVersion should not be set on objects to be created'));
    const generate = typeof metadata['generateName'] === 'string' ? metadata['generateName'] : '';
    const name =
      typeof metadata['name'] === 'string' && metadata['name'] !== ''
        ? metadata['name']
        : generate === ''
          ? ''
          : `${generate.slice(0, 58)}${this.suffix()}`;
    const managers = ownersOfNew(this.schemas, resource, read.value.object, this.writer(resource, options, ''));
    return this.finishCreate({ resource, namespace, name }, read.value, managers, options);
  }

  /** PUT. It does not create objects: no kind here allows that. */
  replace(target: Target, body: JsonObject, options: WriteOptions): Answer<Written> {
    const { resource, namespace, name, subresource } = target;
    const live = this.liveOf(target);
    if (subresource === 'scale')
      return live ? this.rescale(target, live, body, options) : err(notFound(resource, name));
    const read = readBody(this.schemas, resource, body, { ...options, live });
    if (!read.ok) return read;
    const wrong = mismatch(resource, namespace, read.value.object, name);
    if (wrong) return err(wrong);
    if (!live) return err(notFound(resource, name));
    if (resource.custom && !metadataOf(read.value.object)['resourceVersion'])
      return err(
        failure(
          422,
          'Invalid',
          `${groupResource(resource)} "${name}" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update`,
          {
            ...about(resource, name),
            causes: [causes.invalid('metadata.resourceVersion', 0, 'must be specified for an update')],
          },
        ),
      );
    return this.change(target, live, read.value, options);
  }

  /** PATCH of every type. */
  patch(target: Target, kind: PatchKind, body: Json, options: WriteOptions): Answer<Written> {
    const { resource, name, namespace, subresource } = target;
    const live = this.liveOf(target);
    if (kind === 'apply') return this.apply(target, live, body, options);
    if (!live) return err(notFound(resource, name));
    const isScale = subresource === 'scale';
    const before: JsonObject = isScale ? scaleOf(live, resource) : live;
    const patched =
      kind === 'merge'
        ? mergePatch(before, body)
        : kind === 'json'
          ? jsonPatch(before, body)
          : strategicMerge(isScale ? undefined : this.schemas.schemaOf(resource), before, body);
    if (!patched.ok) return err(refusedPatch(patched.error));
    if (!isObject(patched.value)) return err(badRequest('the patch does not lead to an object'));
    if (isScale) return this.rescale(target, live, patched.value, options);
    const read = readPatched(this.schemas, resource, patched.value, {
      ...options,
      shown: kind === 'strategic' ? goText(body) : JSON.stringify(patched.value),
      isStrategic: kind === 'strategic',
    });
    if (!read.ok) return read;
    const wrong = mismatch(resource, namespace, read.value.object, name);
    if (wrong) return err(wrong);
    return this.change(target, live, read.value, { ...options, isPatch: true });
  }

  /** DELETE of one object. */
  deleteObject(target: Omit<Target, 'subresource'>, request: DeleteRequest): Answer<Deleted> {
    return deleteFrom(this.store, { ...target, key: this.keyOf(target) }, request, (ms) =>
      this.timestamp(this.clock.now() + ms),
    );
  }

  private apply(target: Target, live: KubeObject | undefined, body: Json, options: WriteOptions): Answer<Written> {
    const { resource, namespace, name, subresource } = target;
    if (!isObject(body)) return err(badRequest('error decoding YAML: the body is not an object'));
    const [apiVersion, kind] = [String(body['apiVersion'] ?? ''), String(body['kind'] ?? '')];
    if (apiVersion !== apiVersionOf(resource) || kind !== resource.kind)
      return err(
        badRequest(`invalid object type: ${apiVersion.includes('/') ? apiVersion : `/${apiVersion}`}, Kind=${kind}`),
      );
    const wrong = mismatch(resource, namespace, body, name);
    if (wrong) return err(wrong);
    const metadata = metadataOf(body);
    if (Array.isArray(metadata['managedFields'])) return err(badRequest('metadata.managedFields must be nil'));
    if (!live && subresource !== '') return err(notFound(resource, name));
    const { managedFields: _managed, resourceVersion: _rv, uid: _uid, creationTimestamp: _created, ...said } = metadata;
    const config: JsonObject = { ...body, metadata: said };
    const root = this.schemas.schemaOf(resource);
    const writer = this.writer(resource, options, subresource);
    const input = {
      live: live ? bare(live) : emptyOf(resource, root),
      managers: managersForApply(this.schemas, resource, live, writer),
      config,
      writer,
    };
    let applied = applyObject(root, { ...input, force: options.force === true });
    if (
      !applied.ok &&
      applied.error.reason === 'conflict' &&
      live &&
      options.manager === 'kubectl' &&
      isWithin(
        applied.error.conflicts.map(({ set }) => set),
        ownByLastApply(this.schemas, resource, live),
      )
    )
      applied = applyObject(root, { ...input, force: true });
    if (!applied.ok) {
      if (applied.error.reason === 'conflict') return err(conflictStatus(applied.error.conflicts));
      const { path, message } = applied.error;
      return err(
        failure(
          500,
          '',
          `failed to create typed patch object (${String(metadata['namespace'] ?? '')}/${name}; ${gvkText(resource)}): ${path}: ${message}`,
        ),
      );
    }
    const asked = {
      ...applied.value.object,
      metadata: {
        ...metadataOf(applied.value.object),
        name,
        ...(metadata['resourceVersion'] !== undefined && { resourceVersion: metadata['resourceVersion'] }),
        ...(metadata['uid'] !== undefined && { uid: metadata['uid'] }),
      },
    };
    const read = readApplied(this.schemas, resource, followLastApplied(asked, body, options.manager));
    if (!read.ok) return read;
    if (live) return this.change(target, live, read.value, options, applied.value.managers);
    if (metadata['uid'] !== undefined) {
      const text = `uid mismatch: the provided object specified uid ${String(metadata['uid'])}, and no existing object was found`;
      return err(
        failure(409, 'Conflict', `Operation cannot be fulfilled on ${groupResource(resource)} "${name}": ${text}`, {
          name,
          ...(resource.group !== '' && { group: resource.group }),
          kind: resource.plural,
        }),
      );
    }
    return this.finishCreate(target, read.value, applied.value.managers, options);
  }

  private finishCreate(
    { resource, namespace, name }: Omit<Target, 'subresource'>,
    { object, warnings }: ReadObject,
    managers: Managers,
    { dryRun }: WriteOptions,
  ): Answer<Written> {
    const refused = admitNamespace(this.store, resource, namespace, name);
    if (refused) return err(refused);
    const admitted = mutate(this.store, resource, namespace, object, () => this.suffix());
    if (!admitted.ok) return admitted;
    const prepared = prepareCreate(this.schemas, resource, admitted.value, {
      name,
      namespace,
      uid: this.ids.uuid(),
      now: this.timestamp(),
    });
    const found = validate(resource, prepared, this.schemas);
    if (found.length > 0) return err(invalid(resource, name, found));
    const allocated = allocate(this.services, this.store, resource, prepared);
    const managedFields = encodedManagers(managers);
    const made = withIdentity(resource, allocated, {
      ...metadataOf(allocated),
      ...(managedFields && { managedFields }),
    }) as KubeObject; // built above
    const security = podSecurityOf(this.store, resource, namespace, made);
    if (security.refused !== undefined) return err(forbidden(resource, name, security.refused));
    const over = admitAmounts(this.store, resource, made, this.quota);
    if (over) return err(over);
    const key = this.keyOf({ resource, namespace, name });
    const there = this.store.get(key);
    if (there) return err(alreadyExists(resource, name, there.metadata.deletionTimestamp !== undefined));
    const stored = this.put(resource, key, hasEventsForm(resource) ? fromEventsForm(made) : made, dryRun);
    return stored.ok
      ? ok({
          object: stored.value,
          created: true,
          warnings: [...warnings, ...listOfOne(security.warning), ...warningsFor(resource, made)],
        })
      : stored;
  }

  /**
   * Completes every write to an existing object.
   * @param applied field managers, if an apply has determined them
   */
  private change(
    target: Target,
    live: KubeObject,
    { object, warnings, hadEmpty }: ReadObject,
    options: WriteOptions,
    applied?: Managers,
  ): Answer<Written> {
    const { resource, subresource } = target;
    const stale = staleness(resource, live, object, options.isPatch === true);
    if (stale) return err(stale);
    const allocated = subresource === '' ? allocate(this.services, this.store, resource, object, live) : object;
    const prepared = prepareUpdate(resource, live, allocated, { subresource, hadEmpty });
    const found =
      subresource === 'status'
        ? validateStatus(resource, prepared, this.schemas)
        : validateUpdate(resource, live, prepared, { asked: object, schemas: this.schemas });
    if (found.length > 0) return err(invalid(resource, target.name, found));
    const writer = this.writer(resource, options, subresource);
    const managers =
      applied ??
      ownersOfChanged(this.schemas, resource, {
        live,
        next: prepared,
        asked: metadataOf(object)['managedFields'],
        writer,
      });
    const managedFields = encodedManagers(managers, live);
    const { managedFields: _old, ...metadata } = metadataOf(prepared);
    const next = withIdentity(resource, prepared, {
      ...metadata,
      ...(managedFields && { managedFields }),
    }) as KubeObject; // made from a stored object
    // Warnings are not repeated when nothing changed.
    const isAsked =
      subresource === '' && (ruleKind(resource) === 'Pod' || next.metadata.generation !== live.metadata.generation);
    const security =
      subresource === '' && ruleKind(resource) !== 'Pod'
        ? podSecurityOf(this.store, resource, target.namespace, next).warning
        : undefined;
    const said = [...warnings, ...listOfOne(security), ...(isAsked ? warningsFor(resource, next) : [])];
    const resize = subresource === '' ? admitResize(this.store, resource, live, next) : undefined;
    if (resize) return err(resize);
    if (sameJson(live, next)) return ok({ object: live, created: false, warnings: said });
    const key = this.keyOf(target);
    if (isDone(resource, next) && !options.dryRun) {
      this.store.remove(key); // watches show the object as it was before its last finalizer was removed
      return ok({ object: next, created: false, warnings: said });
    }
    const stored = this.put(resource, key, next, options.dryRun);
    return stored.ok ? ok({ object: stored.value, created: false, warnings: said }) : stored;
  }

  private put(resource: ResourceData, key: ObjectKey, object: KubeObject, dryRun: boolean): Answer<KubeObject> {
    if (dryRun) return ok(object);
    const storedAs = resource.custom?.storedAs ?? object.apiVersion;
    try {
      return ok(inVersion(resource, this.store.put(key, { ...object, apiVersion: storedAs }, MOST)));
    } catch (error) {
      if (!(error instanceof NoRoom)) throw error;
      return err(
        failure(
          500,
          '',
          error.where === 'object' ? 'etcdserver: request is too large' : 'etcdserver: mvcc: database space exceeded',
        ),
      );
    }
  }

  private rescale(target: Target, live: KubeObject, body: JsonObject, options: WriteOptions): Answer<Written> {
    const replicas = replicasOf(target.resource, target.name, body);
    if (!replicas.ok) return replicas;
    const stale = staleness(target.resource, live, body, false);
    if (stale) return err(stale);
    const object = withReplicas(live, target.resource, replicas.value);
    const managers = apartForScale(
      ownersOfChanged(this.schemas, target.resource, {
        live,
        next: object,
        asked: undefined,
        writer: this.writer(target.resource, options, 'scale'),
      }),
    );
    const written = this.change(
      { ...target, subresource: '' },
      live,
      { object, warnings: [], hadEmpty: false },
      options,
      managers,
    );
    return written.ok
      ? ok({ ...written.value, object: scaleOf(written.value.object, target.resource) as KubeObject })
      : written; // the response shows a Scale instead
  }

  private writer(resource: ResourceData, { manager }: WriteOptions, subresource: string) {
    // A server sets no time in entries of the scale endpoint.
    return writerOf(resource, { manager, subresource, time: subresource === 'scale' ? '' : this.timestamp() });
  }

  // Writes by controllers. The same rules apply, under the controllers' field managers.

  create(object: JsonObject, manager: string): Answer<KubeObject> {
    return this.as(object, ({ resource, namespace }) =>
      this.createObject({ resource, namespace, subresource: '' }, object, controllers(manager)),
    );
  }

  update(object: KubeObject, manager: string): Answer<KubeObject> {
    if (object.kind === 'Namespace') {
      const live = this.store.get({ resource: 'namespaces', namespace: '', name: object.metadata.name });
      const [held, wanted] = [heldBy(live), heldBy(object)];
      if (live && !sameJson(held, wanted)) return ok(this.finalizeNamespace(live, wanted));
    }
    return this.as(object, (target) => this.replace({ ...target, subresource: '' }, object, controllers(manager)));
  }

  updateStatus(object: KubeObject, manager: string): Answer<KubeObject> {
    return this.as(object, (target) => {
      const live = this.liveOf(target);
      // A real controller sends no unchanged status: even that write would reorder the object's managedFields.
      if (live && sameJson(withoutVersion(live), withoutVersion(object)))
        return ok({ object: live, created: false, warnings: [] });
      return this.replace({ ...target, subresource: 'status' }, object, controllers(manager));
    });
  }

  scale(object: KubeObject, replicas: number, manager: string): Answer<KubeObject> {
    return this.as(object, (target) =>
      this.replace({ ...target, subresource: 'scale' }, { spec: { replicas } }, controllers(manager)),
    );
  }

  delete(
    key: ObjectKey,
    options: { readonly propagation?: Propagation; readonly graceSeconds?: number; readonly uid?: string } = {},
  ): Answer<KubeObject | undefined> {
    const resource = this.schemas.find(key.resource);
    if (!resource) return err(failure(404, 'NotFound', 'the server could not find the requested resource'));
    const done = this.deleteObject(
      { resource, namespace: key.namespace, name: key.name },
      { dryRun: false, ...options },
    );
    if (!done.ok) return done.error.code === 404 ? ok(undefined) : done;
    return ok(done.value.gone ? undefined : done.value.last);
  }

  /** Replaces the finalizers of a namespace (`spec.finalizers`). The namespace is removed with the last one. */
  finalizeNamespace(live: KubeObject, finalizers: readonly string[]): KubeObject {
    const key: ObjectKey = { resource: 'namespaces', namespace: '', name: live.metadata.name };
    const { finalizers: _held, ...rest } = live.spec ?? {};
    const stored = this.store.put(key, { ...live, spec: { ...rest, ...(finalizers.length > 0 && { finalizers }) } });
    return stored.metadata.deletionTimestamp !== undefined &&
      finalizers.length === 0 &&
      (stored.metadata.finalizers ?? []).length === 0
      ? (this.store.remove(key) ?? stored)
      : stored;
  }

  recordEvent(about: KubeObject, event: EventText): void {
    this.tellEvent(about, event, this.timestamp());
  }

  private as(object: JsonObject, write: (target: Omit<Target, 'subresource'>) => Answer<Written>): Answer<KubeObject> {
    const resource = this.schemas.kind(String(object['apiVersion']), String(object['kind']));
    if (!resource) return err(failure(404, 'NotFound', 'the server could not find the requested resource'));
    const { name, namespace } = metadataOf(object);
    const written = write({
      resource,
      namespace: resource.namespaced ? String(namespace ?? 'default') : '',
      name: String(name ?? ''),
    });
    return written.ok ? ok(written.value.object) : written;
  }

  private suffix(): string {
    const alphabet = 'bcdfghjklmnpqrstvwxz2456789';
    return [...this.ids.random(5)].map((byte) => alphabet[byte % alphabet.length]).join('');
  }
}

const listOfOne = (text: string | undefined): readonly string[] => (text === undefined ? [] : [text]);

const heldBy = (namespace: KubeObject | undefined): readonly string[] =>
  Array.isArray(namespace?.spec?.['finalizers']) ? (namespace.spec['finalizers'] as readonly Json[]).map(String) : [];

function withoutVersion(object: KubeObject): JsonObject {
  const { resourceVersion: _version, ...metadata } = metadataOf(object);
  return { ...object, metadata };
}

const controllers = (manager: string): WriteOptions => ({ manager, dryRun: false, fieldValidation: 'Ignore' });

/** Returns whether an object that is being deleted has no finalizers left. */
function isDone(resource: ResourceData, { metadata, spec }: KubeObject): boolean {
  if (metadata.deletionTimestamp === undefined || (metadata.finalizers ?? []).length > 0) return false;
  if (ruleKind(resource) === 'Namespace')
    return !(Array.isArray(spec?.['finalizers']) && (spec['finalizers'] as readonly Json[]).length > 0);
  return (metadata.deletionGracePeriodSeconds ?? 0) === 0;
}

function refusedPatch({ code, message }: PatchError): ApiStatus {
  switch (code) {
    case 400:
      return badRequest(message);
    case 413:
      return failure(413, 'RequestEntityTooLarge', message);
    case 422:
      return failure(422, 'Invalid', message, {});
    default:
      return failure(500, '', message);
  }
}
