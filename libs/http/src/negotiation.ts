import Negotiator from 'negotiator';

/** What the edge writes. */
export type MediaType = 'application/json' | 'application/problem+json' | 'text/event-stream';

/**
 * The one of `types` that an `Accept` header prefers, the first of them where it has no preference; undefined when it takes
 * none. All of them are text in UTF-8, which a header may name too.
 */
export function preferredType(accept: string | undefined, types: readonly MediaType[]): MediaType | undefined {
  if (accept === undefined || accept.trim() === '') return types[0];
  const offered = types.flatMap((type) => [type, `${type};charset=utf-8`]);
  const preferred = new Negotiator({ headers: { accept } }).mediaType(offered);
  return types.find((type) => preferred === type || preferred === `${type};charset=utf-8`);
}
