/** In which form an answer is wanted. */
export type Form = { readonly kind: 'object' | 'table' | 'partial' };

const OBJECT: Form = { kind: 'object' };

/** The first form of an `Accept` header that the sandbox writes; undefined when there is none. Protobuf is not written: clients that prefer it name JSON too. */
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
