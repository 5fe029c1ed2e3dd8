import { DomainErrorException, type Reply } from '#bus';
import { canonicalJson } from '#kernel';
import { openCursor, signCursor } from './cursor.ts';
import { membersOf, type ContractRoute } from './routes.ts';

/** Converts the cursors of services to signed ones and back, for one request. */
export interface SignedCursors {
  /**
   * Replaces a signed cursor in the input by that of the service.
   *
   * @throws RefusedError `edge/cursor-invalid`
   */
  open(): void;
  /** Returns a cursor of the service in signed form. */
  signed(next: string): string;
  /** Returns the reply with a signed `next` for this list. */
  sign<T>(response: Reply<T>): Reply<T>;
}

/**
 * Creates the conversion for a request.
 *
 * @param key at least 32 bytes, the same in every gateway
 * @param input of this request. A cursor is only valid for its list and filters.
 * @returns undefined if the route returns no cursors
 */
export function signedCursors(
  key: Uint8Array,
  { contract }: ContractRoute,
  input: Record<string, unknown>,
): SignedCursors | undefined {
  if (!membersOf(contract)?.includes('cursor')) return undefined;
  const { cursor, limit, ...list } = input; // pages of one list may differ in size
  const scope = `${contract.subject} ${canonicalJson(list)}`;
  return {
    open() {
      if (cursor === undefined) return;
      const opened = openCursor(key, scope, String(cursor));
      if (!opened.ok) throw new DomainErrorException(opened.error);
      input['cursor'] = opened.value;
    },
    signed: (next) => signCursor(key, scope, next),
    sign(response) {
      if (!response.ok) return response;
      const { value } = response;
      if (typeof value !== 'object' || value === null || !('next' in value) || typeof value.next !== 'string')
        return response;
      return { ...response, value: { ...value, next: signCursor(key, scope, value.next) } };
    },
  };
}
