import { err, ok, type JsonObject, type Result } from '#kernel';
import {
  applyDefaults,
  decodeObject,
  parseApiVersion,
  partsOf,
  type Decoded,
  type Known,
  type ResourceData,
  type Schemas,
} from '#kubernetes/schemas';
import type { ApiStatus } from '../controller.ts';
import { gvkText, metadataOf } from './names.ts';
import { badRequest, causes, failure, invalid } from './status.ts';

/** How to handle unknown and duplicate fields. */
export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

/** The object of a request, decoded and defaulted, with the warnings for its sender. */
export interface ReadObject {
  readonly object: JsonObject;
  readonly warnings: readonly string[];
  /** Whether the request contained empty maps or lists, which stored objects never contain. */
  readonly hadEmpty: boolean;
}

interface Reading {
  readonly fieldValidation: FieldValidation;
  /** Fields that occur more than once in the text. */
  readonly duplicates?: readonly string[];
  /** The stored object that is replaced. Parts that the body returns unchanged are not decoded again. */
  readonly live?: JsonObject | undefined;
}

const readFrom = (
  schemas: Schemas,
  resource: ResourceData,
  { object, empty }: Decoded,
  warnings: readonly string[],
  known?: Known,
): ReadObject => ({
  object: applyDefaults(schemas, resource, object, known),
  warnings,
  hadEmpty: empty.some((path) => !/^(metadata|status)\b/.test(path)),
});

/** Decodes the object of a POST or PUT. A missing kind or apiVersion is taken from the URL. */
export function readBody(
  schemas: Schemas,
  resource: ResourceData,
  body: JsonObject,
  { fieldValidation, duplicates = [], live }: Reading,
): Result<ReadObject, ApiStatus> {
  const wrong = wrongType(schemas, resource, body);
  if (wrong) return err(wrong);
  const cannot = (text: string) =>
    badRequest(`${resource.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: ${text}`);
  const known = partsOf(live);
  const decoded = decodeObject(schemas, resource, body, known);
  if (!decoded.ok) return err(cannot(decoded.error));
  const warnings = [
    ...duplicates.map((field) => `duplicate field "${field}"`),
    ...decoded.value.unknown.map((field) => `unknown field "${field}"`),
  ];
  if (fieldValidation === 'Strict' && warnings.length > 0)
    return err(cannot(`strict decoding error: ${warnings.join(', ')}`));
  return ok(readFrom(schemas, resource, decoded.value, fieldValidation === 'Ignore' ? [] : warnings, known));
}

/**
 * Decodes the result of a merge, strategic merge, or JSON patch.
 * @param shown the text that a refusal quotes
 */
export function readPatched(
  schemas: Schemas,
  resource: ResourceData,
  patched: JsonObject,
  {
    fieldValidation,
    shown,
    isStrategic,
  }: { readonly fieldValidation: FieldValidation; readonly shown: string; readonly isStrategic?: boolean },
): Result<ReadObject, ApiStatus> {
  const refuse = (text: string) => invalid({ kind: '', group: '' }, '', [causes.invalid('patch', shown, text)]);
  const decoded = decodeObject(schemas, resource, patched);
  if (!decoded.ok)
    return err(
      refuse(
        isStrategic === true
          ? decoded.error.replace(/^json: .* of type (\w+)$/, 'unrecognized type: $1')
          : decoded.error,
      ),
    );
  const warnings = decoded.value.unknown.map((field) => `unknown field "${field}"`);
  if (fieldValidation === 'Strict' && warnings.length > 0)
    return err(refuse(`strict decoding error: ${warnings.join(', ')}`));
  return ok(readFrom(schemas, resource, decoded.value, fieldValidation === 'Ignore' ? [] : warnings));
}

/** Decodes the result of a server-side apply. */
export function readApplied(
  schemas: Schemas,
  resource: ResourceData,
  merged: JsonObject,
): Result<ReadObject, ApiStatus> {
  const decoded = decodeObject(schemas, resource, merged);
  if (decoded.ok) return ok(readFrom(schemas, resource, decoded.value, []));
  const { name, namespace } = metadataOf(merged);
  const gvk = gvkText(resource);
  return err(
    failure(
      500,
      '',
      `failed to convert new object (${String(namespace ?? '')}/${String(name ?? '')}; ${gvk}) to proper version: unable to convert unstructured object to ${gvk}: ${decoded.error}`,
    ),
  );
}

function wrongType(schemas: Schemas, resource: ResourceData, body: JsonObject): ApiStatus | undefined {
  const given = {
    apiVersion: typeof body['apiVersion'] === 'string' ? body['apiVersion'] : '',
    kind: typeof body['kind'] === 'string' ? body['kind'] : '',
  };
  const wanted = resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
  if ((given.apiVersion === '' || given.apiVersion === wanted) && (given.kind === '' || given.kind === resource.kind))
    return undefined;
  if (resource.custom && given.apiVersion !== '' && given.apiVersion !== wanted)
    return badRequest(
      `the API version in the data (${given.apiVersion}) does not match the expected API version (${wanted})`,
    );
  if (resource.custom && given.kind !== '' && given.kind !== resource.kind)
    return invalid({ kind: given.kind, group: resource.group }, String(metadataOf(body)['name'] ?? ''), [
      causes.invalid('kind', given.kind, `must be ${resource.kind}`),
    ]);
  const { group, version } = parseApiVersion(given.apiVersion === '' ? wanted : given.apiVersion);
  const kind = given.kind === '' ? resource.kind : given.kind;
  const cannot = `${kind} in version "${version}" cannot be handled as a ${resource.kind}`;
  if (!schemas.kind(given.apiVersion === '' ? wanted : given.apiVersion, kind))
    return badRequest(
      `${cannot}: no kind "${kind}" is registered for version "${group === '' ? version : `${group}/${version}`}" in scheme "pkg/runtime/scheme.go:111"`,
    );
  return badRequest(
    `${cannot}: converting (${version}.${kind}) to (${resource.group === '' ? 'core' : (resource.group.split('.')[0] ?? '')}.${resource.kind}): unknown conversion`,
  );
}
