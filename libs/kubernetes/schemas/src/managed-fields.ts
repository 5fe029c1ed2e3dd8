import { canonicalJson, type Json, type JsonObject } from '#kernel';
import { EMPTY, fromFieldsV1, isEmpty, sameSet, toFieldsV1, type FieldSet } from './field-set.ts';
import { isTree } from './typed.ts';

/** A decoded entry of managedFields. */
export interface Manager {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  /** Subresource, such as `status` or `scale`; empty for the object itself. */
  readonly subresource: string;
  /** RFC 3339; empty if the entry has no time. */
  readonly time: string;
  readonly fields: FieldSet;
}

/** Returns the identity of an entry. Entries with the same identity are merged. */
export const managerId = (of: Pick<Manager, 'manager' | 'operation' | 'apiVersion' | 'subresource'>): string =>
  canonicalJson([of.operation, of.subresource, of.apiVersion, of.manager]);

/** @returns undefined if an entry is invalid; requests with such entries are refused */
export function decodeManagers(entries: Json | undefined): Map<string, Manager> | undefined {
  const managers = new Map<string, Manager>();
  if (entries === undefined || entries === null) return managers;
  if (!Array.isArray(entries)) return undefined;
  for (const entry of entries as readonly Json[]) {
    if (!isTree(entry)) return undefined;
    const { manager, operation, apiVersion, subresource, time, fieldsV1 } = entry;
    if (operation !== 'Apply' && operation !== 'Update') return undefined;
    const fields = fieldsV1 === undefined || fieldsV1 === null ? EMPTY : fromFieldsV1(fieldsV1);
    if (!fields) return undefined;
    const decoded: Manager = {
      manager: text(manager),
      operation,
      apiVersion: text(apiVersion),
      subresource: text(subresource),
      time: text(time),
      fields,
    };
    managers.set(managerId(decoded), decoded); // the last of several entries with the same identity applies
  }
  return managers;
}

/** Encodes `metadata.managedFields` in the server's order: by operation, time, and manager. */
export function encodeManagers(managers: Iterable<Manager>): JsonObject[] {
  const order = (left: Manager, right: Manager) =>
    compareText(left.operation, right.operation) ||
    compareText(left.time, right.time) ||
    compareText(left.manager, right.manager) ||
    compareText(left.apiVersion, right.apiVersion) ||
    compareText(left.subresource, right.subresource);
  return [...managers]
    .filter(({ fields }) => !isEmpty(fields))
    .sort(order)
    .map(({ manager, operation, apiVersion, subresource, time, fields }) => ({
      ...(manager === '' ? {} : { manager }),
      operation,
      apiVersion,
      ...(time === '' ? {} : { time }),
      fieldsType: 'FieldsV1',
      fieldsV1: toFieldsV1(fields),
      ...(subresource === '' ? {} : { subresource }),
    }));
}

/** Returns whether two sets have the same managers and fields. Times are ignored. */
export function sameManagers(left: ReadonlyMap<string, Manager>, right: ReadonlyMap<string, Manager>): boolean {
  if (left.size !== right.size) return false;
  for (const [id, manager] of left) {
    const other = right.get(id);
    if (!other || !sameSet(manager.fields, other.fields)) return false;
  }
  return true;
}

const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '');
const compareText = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);
