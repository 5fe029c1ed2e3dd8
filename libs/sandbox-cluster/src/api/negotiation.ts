/** Response format that a request accepts. */
export type Form = { readonly kind: 'object' | 'table' | 'partial' };

const OBJECT: Form = { kind: 'object' };

/**
 * Returns the first supported format of an `Accept` header; undefined if there is none. Protobuf is not supported for
 * responses: clients that prefer it accept JSON too.
 */
export function accepted(accept: string): Form | undefined {
  if (accept.trim() === '') return OBJECT;
  for (const part of accept.split(',')) {
    const [type = '', ...parameters] = part.split(';').map((word) => word.trim());
    if (type !== 'application/json' && type !== 'application/*' && type !== '*/*') continue;
    const as = parameters.find((parameter) => parameter.startsWith('as='))?.slice(3);
    if (as === 'Table') return { kind: 'table' };
    if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') return { kind: 'partial' };
    if (as === undefined) return OBJECT;
  }
  return undefined;
}
