import type { JsonObject } from '#kernel';
import type { ResourceData } from '#kubernetes/schemas';
import type { ApiStatus } from '../controller.ts';

export interface Cause extends JsonObject {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

/** Returns a failure as a Status (meta/v1). */
export function failure(code: number, reason: string, message: string, details?: JsonObject): ApiStatus {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    ...(reason !== '' && { reason }),
    ...(details && { details }),
    code,
  };
}

/** Formats a resource as `deployments.apps`, or `pods` in the core group. */
export const groupResource = ({ plural, group }: Pick<ResourceData, 'plural' | 'group'>): string =>
  group === '' ? plural : `${plural}.${group}`;

export const about = (resource: ResourceData, name: string): JsonObject => ({
  name,
  ...(resource.group !== '' && { group: resource.group }),
  kind: resource.plural,
});

export const notFound = (resource: ResourceData, name: string): ApiStatus =>
  failure(404, 'NotFound', `${groupResource(resource)} "${name}" not found`, about(resource, name));
export const alreadyExists = (resource: ResourceData, name: string, isGoing = false): ApiStatus =>
  failure(
    409,
    'AlreadyExists',
    `${isGoing ? 'object is being deleted: ' : ''}${groupResource(resource)} "${name}" already exists`,
    about(resource, name),
  );
export const modified = (resource: ResourceData, name: string): ApiStatus =>
  failure(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${groupResource(resource)} "${name}": the object has been modified; please apply your changes to the latest version and try again`,
    about(resource, name),
  );
/** Returns the 404 for an unknown path. */
export const nothingThere = (): ApiStatus =>
  failure(404, 'NotFound', 'the server could not find the requested resource', {});
export const badRequest = (message: string): ApiStatus => failure(400, 'BadRequest', message);
export const forbidden = (
  resource: ResourceData,
  name: string,
  why: string,
  causes: readonly Cause[] = [],
): ApiStatus =>
  failure(403, 'Forbidden', `${groupResource(resource)} "${name}" is forbidden: ${why}`, {
    ...about(resource, name),
    ...(causes.length > 0 && { causes: [...causes] }),
  });

/** Returns a 422 with one cause for each error, in the server's wording. */
export function invalid(
  resource: Pick<ResourceData, 'kind' | 'group'>,
  name: string,
  causes: readonly Cause[],
): ApiStatus {
  const kind = resource.group === '' ? resource.kind : `${resource.kind}.${resource.group}`;
  // Identical causes appear once in the message.
  const texts = [...new Set(causes.map(({ field, message }) => `${field}: ${message}`))];
  const list = texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`;
  return failure(422, 'Invalid', `${kind} "${name}" is invalid: ${list}`, {
    ...(name !== '' && { name }),
    ...(resource.group !== '' && { group: resource.group }),
    ...(resource.kind !== '' && { kind: resource.kind }),
    causes: [...causes],
  });
}

export const causes = {
  required: (field: string, why = ''): Cause => ({
    reason: 'FieldValueRequired',
    message: `Required value${why === '' ? '' : `: ${why}`}`,
    field,
  }),
  invalid: (field: string, value: unknown, why: string): Cause => ({
    reason: 'FieldValueInvalid',
    message: `Invalid value: ${JSON.stringify(value)}: ${why}`,
    field,
  }),
  unsupported: (field: string, value: unknown, supported: readonly string[]): Cause => ({
    reason: 'FieldValueNotSupported',
    message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported.map((word) => JSON.stringify(word)).join(', ')}`,
    field,
  }),
  duplicate: (field: string, value: unknown): Cause => ({
    reason: 'FieldValueDuplicate',
    message: `Duplicate value: ${JSON.stringify(value)}`,
    field,
  }),
  notFound: (field: string, value: unknown): Cause => ({
    reason: 'FieldValueNotFound',
    message: `Not found: ${JSON.stringify(value)}`,
    field,
  }),
  tooLong: (field: string, bytes: number): Cause => ({
    reason: 'FieldValueTooLong',
    message: `Too long: may not be more than ${bytes} bytes`,
    field,
  }),
  forbidden: (field: string, why: string): Cause => ({
    reason: 'FieldValueForbidden',
    message: `Forbidden: ${why}`,
    field,
  }),
} as const;
