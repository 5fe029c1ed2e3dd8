import { KubernetesApiError } from './client.ts';
import { ownsField } from './field-ownership.ts';
import { at, isRecord, list, record, type JsonRecord, type KubernetesObject } from './objects.ts';

/**
 * Builds a patch for a union that the server defaulted, such as `strategy.rollingUpdate` of a Deployment. If another
 * member is chosen later (`Recreate`), the server refuses its own default, and an apply cannot remove it because no
 * manager owns it.
 * @param error of the apply's dry run
 * @returns a merge patch that sets the parent of the refused field as in the object, without that field; undefined if
 * the refusal has another reason
 */
export function clearedUnion(live: KubernetesObject, object: KubernetesObject, error: unknown): JsonRecord | undefined {
  if (!(error instanceof KubernetesApiError) || error.status !== 422) return undefined;
  let patch: JsonRecord | undefined;
  for (const { field } of error.causes) {
    const path = field.split('.');
    const holder = path.slice(0, -1);
    const leaf = path.at(-1);
    if (leaf === undefined || holder.length === 0 || /[[\]]/.test(field)) continue; // elements of lists have owners
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
