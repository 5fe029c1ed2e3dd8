import type { ProfileSpec, Tier } from '#deployments/contract';
import type { ImageWorkload } from '#kubernetes';
import type { InputError } from '#kernel';
import { withoutUndefined } from './without-undefined.ts';

type Scaling = Pick<NonNullable<ProfileSpec['defaults']>, 'replicas' | 'autoscaling'>;

/** Resolved replicas and autoscaling, or the errors of the settings. */
export interface Scale {
  readonly replicas: number;
  readonly autoscaling?: NonNullable<ImageWorkload['autoscaling']>;
  readonly errors: readonly InputError[];
}

/**
 * Returns replicas and autoscaling from the highest layer that sets either of them. The tier bounds what higher layers
 * may set. With a volume for one writer there is one replica, regardless of the tier's minimum, since a second one
 * would wait for the volume forever.
 * @param single a volume that only pods of one node can use, if there is one
 */
export function scaleOf(
  image: Scaling,
  defaults: Scaling,
  tier: Tier,
  single: { readonly name: string } | undefined,
): Scale {
  const { min, max } = single ? { min: 1, max: 1 } : tier.replicas;
  const layer = says(image) ? image : says(defaults) ? defaults : undefined;
  const error = (field: 'replicas' | 'autoscaling', message: string): InputError =>
    layer === image
      ? { pointer: `/source/image/${field}`, message }
      : { pointer: '/profileName', message: `names a profile whose ${field} ${message}` };
  const bounds = single
    ? `must be 1 with the volume ${single.name}, which allows one writer; set accessMode: ReadWriteMany for more`
    : `must be between ${min} and ${max} on tier ${tier.name}`;
  if (layer?.autoscaling && single)
    return {
      replicas: 1,
      errors: [
        error(
          'autoscaling',
          `cannot be combined with the volume ${single.name}, which allows one writer; set accessMode: ReadWriteMany for more`,
        ),
      ],
    };
  if (layer?.autoscaling) {
    const { autoscaling } = layer;
    const errors = autoscaling.min < min || autoscaling.max > max ? [error('autoscaling', bounds)] : [];
    const targets = autoscaling.cpu === undefined && autoscaling.memory === undefined ? { cpu: 80 } : {};
    return { replicas: autoscaling.min, autoscaling: { ...withoutUndefined(autoscaling), ...targets }, errors };
  }
  if (layer?.replicas !== undefined) {
    const { replicas } = layer;
    return { replicas, errors: replicas < min || replicas > max ? [error('replicas', bounds)] : [] };
  }
  const autoscaling = !single && tier.autoscaling && { min, max, ...tier.autoscaling };
  return { replicas: min, ...(autoscaling && { autoscaling }), errors: [] };
}

const says = ({ replicas, autoscaling }: Scaling): boolean => replicas !== undefined || autoscaling !== undefined;
