import { ok, type Clock } from '#kernel';
import { isObject } from '../store.ts';
import { myTurn } from '../turns.ts';
import { tokenFor } from './access.ts';
import type { Answers, Asked } from './answers.ts';
import { bodyOf, deleteRequest, mediaType, objectIn, writeOptions } from './requests.ts';
import { scaleOf } from './scale.ts';
import { sendJson, sendStatus } from './send.ts';
import { failure } from './status.ts';
import type { PatchKind, Target, WriteApi, WriteOptions } from './write-api.ts';
import { ruleKind } from './names.ts';

const PATCHES: Readonly<Record<string, PatchKind>> = {
  'application/apply-patch+yaml': 'apply',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/json-patch+json': 'json',
};
/** Kinds whose deletion returns the object instead of a Status. */
const SHOWN_AT_THE_END = new Set([
  'Pod',
  'Service',
  'PersistentVolumeClaim',
  'ServiceAccount',
  'ResourceQuota',
  'PodTemplate',
]);

const NO_STRATEGIC =
  'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml';

type Key = Omit<Target, 'subresource'>;

export interface ObjectParts {
  readonly api: WriteApi;
  readonly answers: Answers;
  readonly clock: Clock;
  /** Signing key for tokens of ServiceAccounts. */
  readonly token: string;
}

/** Handles requests to one object and its subresources. */
export class ObjectRequests {
  constructor(private readonly parts: ObjectParts) {}

  async serve(asked: Asked, place: Key & { readonly subresource: string }): Promise<void> {
    const { subresource, ...key } = place;
    if (subresource === 'token') return this.requestToken(asked, key);
    if (subresource === 'finalize') return this.finalize(asked, key);
    const target: Target = {
      ...key,
      subresource: subresource === 'status' || subresource === 'scale' ? subresource : '',
    };
    switch (asked.method) {
      case 'GET':
        return this.get(asked, target);
      case 'DELETE':
        return this.delete(asked, key);
      default:
        return this.write(asked, target);
    }
  }

  private get(asked: Asked, { subresource, ...key }: Target): void {
    const { api, answers } = this.parts;
    const found = api.get(key);
    if (!found.ok) return sendStatus(asked.response, found.error);
    const { value } = found;
    const shown =
      subresource === 'scale' ? scaleOf(value, key.resource) : answers.shown(asked, key.resource, value, true);
    return sendJson(asked.response, 200, shown);
  }

  private async delete(asked: Asked, key: Key): Promise<void> {
    const { api, answers } = this.parts;
    const { resource, name } = key;
    const wanted = await deleteRequest(asked.request, asked.query);
    if (!wanted.ok) return answers.refuse(asked, wanted.error);
    await myTurn();
    const done = api.deleteObject(key, wanted.value);
    if (!done.ok) return sendStatus(asked.response, done.error);
    const { last, gone } = done.value;
    if (!gone || SHOWN_AT_THE_END.has(ruleKind(resource))) return sendJson(asked.response, 200, last);
    const { group, plural } = resource;
    const details = { name, ...(group !== '' && { group }), kind: plural, uid: last.metadata.uid };
    return sendJson(asked.response, 200, {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details,
    });
  }

  private async write(asked: Asked, target: Target): Promise<void> {
    const { method, request, response, query } = asked;
    const kind = method === 'PATCH' ? PATCHES[mediaType(request)] : undefined;
    if (method === 'PATCH' && !kind)
      return sendStatus(response, failure(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {}));
    if (kind === 'strategic' && target.resource.custom && target.subresource !== 'scale')
      return sendStatus(response, failure(415, 'UnsupportedMediaType', NO_STRATEGIC));
    const writing = writeOptions(request, query);
    if (!writing.ok) return sendStatus(response, writing.error);
    return kind ? this.patch(asked, target, kind, writing.value) : this.replace(asked, target, writing.value);
  }

  private async patch(asked: Asked, target: Target, kind: PatchKind, writing: WriteOptions): Promise<void> {
    const { api, answers } = this.parts;
    const body = await bodyOf(asked.request);
    if (!body.ok) return answers.refuse(asked, body.error);
    await myTurn();
    const { value, duplicates } = body.value;
    return answers.sendWritten(asked, target.resource, api.patch(target, kind, value, { ...writing, duplicates }));
  }

  private async replace(asked: Asked, target: Target, writing: WriteOptions): Promise<void> {
    const { api, answers } = this.parts;
    const { resource, subresource } = target;
    const body = await objectIn(asked.request, subresource === 'scale' ? { kind: 'Scale' } : resource);
    if (!body.ok) return answers.refuse(asked, body.error);
    await myTurn();
    const { object, duplicates } = body.value;
    return answers.sendWritten(asked, resource, api.replace(target, object, { ...writing, duplicates }));
  }

  private async requestToken(asked: Asked, key: Key): Promise<void> {
    const { api, answers, clock, token } = this.parts;
    const account = api.get(key);
    const body = await objectIn(asked.request, { kind: 'TokenRequest' });
    if (!body.ok) return answers.refuse(asked, body.error);
    const made = account.ok ? tokenFor(account.value, body.value.object, { clock, secret: token }) : account;
    return made.ok ? sendJson(asked.response, 201, made.value) : answers.refuse(asked, made.error);
  }

  /** Handles PUT of a namespace's finalizers, which the namespace controller sends last. */
  private async finalize(asked: Asked, key: Key): Promise<void> {
    const { api, answers } = this.parts;
    const body = await objectIn(asked.request, key.resource);
    if (!body.ok) return answers.refuse(asked, body.error);
    const found = api.get(key);
    if (!found.ok) return sendStatus(asked.response, found.error);
    const spec = isObject(body.value.object['spec']) ? body.value.object['spec'] : {};
    const finalizers = Array.isArray(spec['finalizers']) ? spec['finalizers'].map(String) : [];
    const object = api.finalizeNamespace(found.value, finalizers);
    return answers.sendWritten(asked, key.resource, ok({ object, created: false, warnings: [] }));
  }
}
