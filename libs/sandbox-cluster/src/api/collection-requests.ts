import type { ApiStatus } from '../controller.ts';
import type { KubeObject } from '../store.ts';
import { myTurn } from '../turns.ts';
import type { Answers, Asked } from './answers.ts';
import { metadataOf } from './names.ts';
import { listOf, pageOf } from './pages.ts';
import { deleteRequest, objectIn, writeOptions } from './requests.ts';
import type { Place } from './routing.ts';
import { fieldSelector, labelSelector } from './selectors.ts';
import { sendJson, sendStatus } from './send.ts';
import { causes, invalid } from './status.ts';
import { streamChanges, type WatchParts } from './watch.ts';

export interface CollectionParts extends WatchParts {
  readonly answers: Answers;
}

/** Handles requests to a collection: create, list, watch, and delete. */
export class CollectionRequests {
  constructor(private readonly parts: CollectionParts) {}

  async serve(asked: Asked, place: Place, isWatch: boolean): Promise<void> {
    const { api, answers } = this.parts;
    const { method, response, query } = asked;
    const { resource, namespace } = place;
    if (method === 'POST') return this.create(asked, place);
    const labels = labelSelector(query.get('labelSelector'));
    const fields = fieldSelector(query.get('fieldSelector'), resource);
    if (!labels.ok) return sendStatus(response, labels.error);
    if (!fields.ok) return sendStatus(response, fields.error);
    const matches = (object: KubeObject): boolean => labels.value.matches(object) && fields.value(object);
    const within = place.everywhere || !resource.namespaced ? {} : { namespace };
    if (isWatch)
      return streamChanges(this.parts, asked, {
        resource,
        matches,
        ...within,
        show: (object, isFirst) => answers.shown(asked, resource, object, isFirst),
      });
    if (query.get('sendInitialEvents') !== null) return sendStatus(response, forbiddenInitialEvents(query));
    const key = api.keyOf({ resource, namespace: '', name: '' }).resource;
    const { equal } = labels.value;
    const found = api.store
      .list(key, { ...within, ...(Object.keys(equal).length > 0 && { labels: equal }) })
      .filter(matches);
    if (method === 'DELETE') return this.deleteAll(asked, place, found);
    const page = pageOf(found, query, api.store.revision);
    if (!page.ok) return sendStatus(response, page.error);
    return answers.sendList(asked, resource, page.value.items, page.value.metadata);
  }

  private async create(asked: Asked, { resource, namespace }: Place): Promise<void> {
    const { api, answers } = this.parts;
    const writing = writeOptions(asked.request, asked.query);
    if (!writing.ok) return sendStatus(asked.response, writing.error);
    const body = await objectIn(asked.request, resource);
    if (!body.ok) return answers.refuse(asked, body.error);
    await myTurn();
    const { object, duplicates } = body.value;
    const said = metadataOf(object)['namespace'];
    const space = !resource.namespaced ? '' : namespace !== '' ? namespace : typeof said === 'string' ? said : '';
    const target = { resource, namespace: space, subresource: '' } as const;
    return answers.sendWritten(asked, resource, api.createObject(target, object, { ...writing.value, duplicates }));
  }

  private async deleteAll(asked: Asked, { resource }: Place, found: readonly KubeObject[]): Promise<void> {
    const { api, answers } = this.parts;
    const wanted = await deleteRequest(asked.request, asked.query);
    if (!wanted.ok) return answers.refuse(asked, wanted.error);
    const revision = String(api.store.revision);
    const last = found.map((object) => {
      const { name, namespace = '' } = object.metadata;
      const done = api.deleteObject({ resource, namespace, name }, wanted.value);
      return done.ok ? done.value.last : object;
    });
    return sendJson(asked.response, 200, listOf(resource, last, { resourceVersion: revision }));
  }
}

const forbiddenInitialEvents = (query: URLSearchParams): ApiStatus =>
  invalid({ kind: 'ListOptions', group: 'meta.k8s.io' }, '', [
    ...(query.get('resourceVersionMatch') !== null && query.get('resourceVersion') === null
      ? [
          causes.forbidden(
            'resourceVersionMatch',
            'resourceVersionMatch is forbidden unless resourceVersion is provided',
          ),
        ]
      : []),
    causes.forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'),
  ]);
