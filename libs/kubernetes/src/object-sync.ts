import { fieldsMissing, ownedFields, ownsField, type OwnedFields } from './field-ownership.ts';
import { at, list, record, text, type KubernetesObject } from './objects.ts';
import { FIELD_MANAGER } from './ownership.ts';

/** A field that differs from what was applied. */
export interface ChangedField {
  /** Path such as `spec.replicas`; '' for the entire object. */
  readonly field: string;
  /** Manager that changed it; undefined if it was removed and has no owner. */
  readonly manager?: string;
}

/** Result of a comparison with the last apply. */
export interface ObjectSync {
  readonly state: 'Synced' | 'OutOfSync';
  readonly changed: readonly ChangedField[];
  /** Managers that added fields. They do not count as drift, since an apply does not change those fields. */
  readonly alsoBy: readonly string[];
}

/** Members that contain configuration. Others are written by the server and by controllers. */
const CONTENT = ['f:spec', 'f:data', 'f:binaryData', 'f:stringData', 'f:rules', 'f:roleRef', 'f:subjects'];
/** Kinds whose controllers write to the spec. */
const WRITTEN_BY_CONTROLLERS: ReadonlySet<string> = new Set(['PersistentVolumeClaim', 'Pod', 'Service', 'APIService']);

/**
 * Compares the fields that our last apply owned with those that we own now. A manager that changes or removes a field
 * takes it over. Values are not compared, so this works for Secrets too.
 * @param applied fields that the last apply owned; undefined if unknown
 */
export function objectSync(live: KubernetesObject, applied: OwnedFields | undefined): ObjectSync {
  const ownFields = ownedFields(live, FIELD_MANAGER);
  const others = list(live.metadata['managedFields'])
    .map(record)
    .filter((entry) => !String(entry['manager']).startsWith(FIELD_MANAGER));
  if (Object.keys(ownFields).length === 0) return { state: 'OutOfSync', changed: [{ field: '' }], alsoBy: [] };
  const changed = fieldsMissing(applied ?? {}, ownFields).map((field): ChangedField => {
    const owner = others.find((entry) => ownsField(record(entry['fieldsV1']), field));
    const manager = text(owner?.['manager']);
    return { field: field.replace(/^\./, ''), ...(manager !== undefined && { manager }) };
  });
  const alsoBy = WRITTEN_BY_CONTROLLERS.has(live.kind)
    ? []
    : others
        .filter((entry) => text(entry['subresource']) === undefined)
        .filter((entry) => CONTENT.some((member) => at(entry, 'fieldsV1', member) !== undefined))
        .map((entry) => String(entry['manager']))
        .filter((manager) => !changed.some((field) => field.manager === manager));
  return { state: changed.length > 0 ? 'OutOfSync' : 'Synced', changed, alsoBy: [...new Set(alsoBy)].sort() };
}

/** Describes how one object differs from what was applied. */
export interface Drift {
  /** Subject, such as `Deployment/web was changed by kubectl`. */
  readonly what: string;
  /** A few of the changed fields, such as `spec.replicas`. */
  readonly fields: readonly string[];
}

const MAX_FIELDS = 5;

/** @param name such as `Deployment/web` */
export function driftOfChange(name: string, changed: readonly ChangedField[]): Drift {
  const managers = [...new Set(changed.flatMap(({ manager }) => manager ?? []))].sort();
  const fields = changed.map(({ field }) => field).filter((field) => field !== '');
  const what =
    managers.length > 0
      ? `${name} was changed by ${managers.join(', ')}`
      : `${name} ${fields.length > 0 ? 'has lost fields' : 'is no longer managed by the platform'}`;
  const more = fields.length > MAX_FIELDS ? [`${fields.length - MAX_FIELDS} more`] : [];
  return { what, fields: [...fields.slice(0, MAX_FIELDS), ...more] };
}

/** Formats a drift: `Deployment/web was changed by kubectl: spec.replicas`. */
export const driftText = ({ what, fields }: Drift): string =>
  fields.length === 0 ? what : `${what}: ${fields.join(', ')}`;
