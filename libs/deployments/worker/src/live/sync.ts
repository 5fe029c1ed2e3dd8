import type { SYNCS } from '#deployments/contract';
import type { KubernetesObject } from '#kubernetes';
import { at, list, record, text } from '../cluster/json.ts';

/** Members that an apply of ours may state; what others own in them since is a change of what we deployed. */
const OURS = ['f:spec', 'f:data', 'f:binaryData', 'f:stringData', 'f:rules', 'f:roleRef', 'f:subjects'];
/** Kinds whose controllers write into the spec itself. */
const WRITTEN_BY_CONTROLLERS: Readonly<Record<string, true>> = {
  PersistentVolumeClaim: true,
  Pod: true,
  Service: true,
  APIService: true,
};

/**
 * Whether somebody else owns fields of an object's content since we applied it: `kubectl edit`, say. Status and scale are
 * written by controllers and are not drift.
 * @param manager our own field manager
 */
export function syncOf(object: KubernetesObject, manager: string): (typeof SYNCS)[number] {
  const entries = list(object.metadata['managedFields']).map(record);
  const ours = entries.find((entry) => entry['manager'] === manager && entry['operation'] === 'Apply');
  if (!ours) return 'OutOfSync';
  if (WRITTEN_BY_CONTROLLERS[object.kind] === true) return 'Synced';
  const foreign = entries.filter(
    (entry) =>
      entry !== ours && text(entry['subresource']) === undefined && !String(entry['manager']).startsWith(manager),
  );
  return foreign.some((entry) => OURS.some((member) => at(entry, 'fieldsV1', member) !== undefined))
    ? 'OutOfSync'
    : 'Synced';
}
