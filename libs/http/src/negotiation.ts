import Negotiator from 'negotiator';

/**
 * Returns the preferred type of an `Accept` header, or the first if it has no preference; undefined if it accepts none
 * of `types`. All of them are text in UTF-8, which the header may specify too.
 */
export function preferredType(accept: string | undefined, types: readonly string[]): string | undefined {
  if (accept === undefined || accept.trim() === '') return types[0];
  const offered = types.flatMap((type) => [type, `${type};charset=utf-8`]);
  const preferred = new Negotiator({ headers: { accept } }).mediaType(offered);
  return types.find((type) => preferred === type || preferred === `${type};charset=utf-8`);
}
