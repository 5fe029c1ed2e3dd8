import { fieldsMissing, ownedFields, ownsField, type OwnedFields } from './field-ownership.ts';
import { at, list, record, text, type KubernetesObject } from './objects.ts';
import { FIELD_MANAGER } from './ownership.ts';

/** A field that is not as it was applied. */
export interface ChangedField {
  /** `spec.replicas`; '' for the whole object. */
  readonly field: string;
  /** Who wrote it since; undefined when nobody owns it any more, because it was removed. */
  readonly manager?: string;
}

/** Whether an object is still as it was applied. */
export interface ObjectSync {
  readonly state: 'Synced' | 'OutOfSync';
  readonly changed: readonly ChangedField[];
  /** Managers that added fields which are not ours: told, but no drift, since an apply leaves them alone. */
  readonly alsoBy: readonly string[];
}

/** Members that hold what people state; the rest is written by the server and by controllers. */
const CONTENT = ['f:spec', 'f:data', 'f:binaryData', 'f:stringData', 'f:rules', 'f:roleRef', 'f:subjects'];
/** Kinds whose controllers write into the spec itself. */
const WRITTEN_BY_CONTROLLERS: ReadonlySet<string> = new Set(['PersistentVolumeClaim', 'Pod', 'Service', 'APIService']);

/**
 * Compares what an apply of ours owned with what is still ours on the live object: whoever changes a value by another way takes
 * the field from us, and who removes it too. Values are not looked at, so this works for Secrets.
 * @param applied fields that the last apply owned; undefined when that is not known
 */
export function objectSync(live: KubernetesObject, applied: OwnedFields | undefined): ObjectSync {
  const ours = ownedFields(live, FIELD_MANAGER);
  const others = list(live.metadata['managedFields'])
    .map(record)
    .filter((entry) => !String(entry['manager']).startsWith(FIELD_MANAGER));
  if (Object.keys(ours).length === 0) return { state: 'OutOfSync', changed: [{ field: '' }], alsoBy: [] };
  const changed = fieldsMissing(applied ?? {}, ours).map((field): ChangedField => {
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

/** What is not as it was applied about one object, in words. */
export interface Drift {
  /** `Deployment/web was changed by kubectl` */
  readonly what: string;
  /** `spec.replicas`; a few. */
  readonly fields: readonly string[];
}

const MOST_FIELDS = 5;

/** @param name `Deployment/web` */
export function driftOfChange(name: string, changed: readonly ChangedField[]): Drift {
  const managers = [...new Set(changed.flatMap(({ manager }) => manager ?? []))].sort();
  const fields = changed.map(({ field }) => field).filter((field) => field !== '');
  const what =
    managers.length > 0
      ? `${name} was changed by ${managers.join(', ')}`
      : `${name} ${fields.length > 0 ? 'has lost fields' : 'is no longer managed by the platform'}`;
  const more = fields.length > MOST_FIELDS ? [`${fields.length - MOST_FIELDS} more`] : [];
  return { what, fields: [...fields.slice(0, MOST_FIELDS), ...more] };
}

/** `Deployment/web was changed by kubectl: spec.replicas` */
export const driftText = ({ what, fields }: Drift): string =>
  fields.length === 0 ? what : `${what}: ${fields.join(', ')}`;
