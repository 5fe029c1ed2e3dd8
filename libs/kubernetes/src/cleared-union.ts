import { KubernetesApiError } from './client.ts';
import { ownsField } from './field-ownership.ts';
import { at, isRecord, list, record, type JsonRecord, type KubernetesObject } from './objects.ts';

/**
 * The server fills in the members of a union, such as `strategy.rollingUpdate` of a Deployment; when another member is chosen
 * later (`Recreate`), it refuses its own default, which an apply cannot take away because nobody owns it.
 * @param error what the dry run of the apply was refused with
 * @returns a merge patch that states what the object states in the place of the refused field, without that field; undefined when
 * the refusal is about something else
 */
export function clearedUnion(live: KubernetesObject, object: KubernetesObject, error: unknown): JsonRecord | undefined {
  if (!(error instanceof KubernetesApiError) || error.status !== 422) return undefined;
  let patch: JsonRecord | undefined;
  for (const { field } of error.causes) {
    const path = field.split('.');
    const holder = path.slice(0, -1);
    const leaf = path.at(-1);
    if (leaf === undefined || holder.length === 0 || /[[\]]/.test(field)) continue; // entries of lists have owners
    const stated = at(object, ...holder);
    if (!isRecord(stated) || Object.hasOwn(stated, leaf) || at(live, ...path) === undefined) continue;
    const isOwned = list(live.metadata['managedFields']).some((entry) =>
      ownsField(record(at(entry, 'fieldsV1')), `.${field}`),
    );
    if (isOwned) continue;
    patch = withMember(patch ?? {}, holder, { ...stated, [leaf]: null });
  }
  return patch;
}

function withMember(body: JsonRecord, [step, ...rest]: readonly string[], value: JsonRecord): JsonRecord {
  if (step === undefined) return { ...body, ...value };
  return { ...body, [step]: withMember(record(body[step]), rest, value) };
}
