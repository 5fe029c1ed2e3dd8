import { quantityOf, type ResolvedSpec } from '#deployments/contract';
import type { InputError } from '#kernel';
import type { ImageWorkload } from '#kubernetes';

type Volume = ImageWorkload['volumes'][number];

/** Returns whether only pods of one node can use a volume. */
export const hasOneWriter = ({ accessMode }: { readonly accessMode?: Volume['accessMode'] | undefined }): boolean =>
  accessMode !== 'ReadWriteMany';

/**
 * Returns errors for changes of volumes that Kubernetes does not support: a claim can only grow.
 * @param deployed the revision on the cluster
 */
export function volumeErrors(deployed: ResolvedSpec, next: ResolvedSpec): InputError[] {
  if (deployed.source.type !== 'image' || next.source.type !== 'image') return [];
  const present = new Map(deployed.source.workload.volumes.map((volume) => [volume.name, volume]));
  return next.source.workload.volumes.flatMap((volume, index) => {
    const old = present.get(volume.name);
    if (!old) return [];
    const refuse = (field: keyof Volume, message: string): InputError => ({
      pointer: `/source/image/volumes/${index}/${field}`,
      message: `${message}; use a volume with another name`,
    });
    const mode = ({ accessMode = 'ReadWriteOnce' }: Volume) => accessMode;
    return [
      ...(quantityOf(volume.size) < quantityOf(old.size)
        ? [refuse('size', `cannot shrink from ${old.size} to ${volume.size}`)]
        : []),
      ...(mode(volume) === mode(old)
        ? []
        : [refuse('accessMode', `cannot change from ${mode(old)} to ${mode(volume)}`)]),
      ...(volume.storageClass === old.storageClass
        ? []
        : [refuse('storageClass', `cannot change from ${old.storageClass ?? 'the default class'}`)]),
    ];
  });
}
