import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerThenLinger } from '#http/connections';
import type { Clock, JsonObject, Result } from '#kernel';
import type { ResourceData } from '#kubernetes/schemas';
import type { ApiStatus } from '../controller.ts';
import type { KubeObject } from '../store.ts';
import { hasEventsForm, toEventsForm } from './events-form.ts';
import type { Form } from './negotiation.ts';
import { inVersion } from './names.ts';
import { listOf, partialOf } from './pages.ts';
import { sendJson, sendStatus, textOf } from './send.ts';
import { tableOf } from './tables.ts';
import type { Caller } from './tokens.ts';
import type { Written } from './write-api.ts';

/** A parsed and authenticated request, with the response format it accepts. */
export interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
  readonly caller: Caller;
  readonly method: string;
  readonly form: Form;
}

/** Writes objects, lists, and errors in the format that the request accepts. */
export class Answers {
  constructor(private readonly clock: Clock) {}

  /**
   * Formats one object.
   * @param isFirst whether to include the column definitions, which a watch sends only once
   */
  shown({ form, query }: Asked, resource: ResourceData, object: KubeObject, isFirst: boolean): JsonObject {
    const formed = inForm(resource, object);
    if (form.kind === 'table') {
      const metadata = { resourceVersion: object.metadata.resourceVersion };
      return tableOf(resource, [formed], metadata, this.rows(query), isFirst);
    }
    return form.kind === 'partial' ? partialOf(object) : formed;
  }

  sendList(asked: Asked, resource: ResourceData, items: readonly KubeObject[], metadata: JsonObject): void {
    const { response, form, query } = asked;
    if (form.kind === 'partial')
      return sendJson(response, 200, {
        kind: 'PartialObjectMetadataList',
        apiVersion: 'meta.k8s.io/v1',
        metadata,
        items: items.map(partialOf),
      });
    const formed = items.map((object) => inForm(resource, object));
    const isTable = form.kind === 'table';
    return sendJson(
      response,
      200,
      isTable ? tableOf(resource, formed, metadata, this.rows(query)) : listOf(resource, formed, metadata),
    );
  }

  sendWritten({ response }: Asked, resource: ResourceData, written: Result<Written, ApiStatus>): void {
    if (!written.ok) return sendStatus(response, written.error);
    const { object, created, warnings } = written.value;
    for (const warning of warnings)
      response.appendHeader('warning', `299 - "${warning.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`);
    sendJson(response, created ? 201 : 200, inForm(resource, object));
  }

  /** Sends the refusal of a request whose body may not have been read completely. */
  refuse({ request, response }: Asked, status: ApiStatus): void {
    if (request.complete) return sendStatus(response, status);
    const text = Buffer.from(textOf(status));
    response.writeHead(status.code ?? 500, {
      'content-type': 'application/json',
      'content-length': text.length,
      connection: 'close',
    });
    answerThenLinger(text, request, this.clock).pipe(response);
  }

  private rows(query: URLSearchParams) {
    const wanted = query.get('includeObject');
    const include: 'None' | 'Metadata' | 'Object' = wanted === 'None' || wanted === 'Object' ? wanted : 'Metadata';
    return { nowMs: this.clock.now(), include };
  }
}

const inForm = (resource: ResourceData, object: KubeObject): KubeObject =>
  hasEventsForm(resource) ? toEventsForm(object) : inVersion(resource, object);
