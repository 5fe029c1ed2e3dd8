import { DomainErrorException, type Reply } from '#bus';
import { canonicalJson } from '#kernel';
import { openCursor, signCursor } from './cursor.ts';
import { membersOf, type ContractRoute } from './routes.ts';

/** Turns the cursors of services into signed ones and back, for one request. */
export interface SignedCursors {
  /** Puts the service's own cursor in the place of a signed one. @throws RefusedError `edge/cursor-invalid` */
  open(): void;
  /** The answer, with `next` signed for this list. */
  sign<T>(answer: Reply<T>): Reply<T>;
}

/**
 * @param key at least 32 bytes, the same in every gateway
 * @param input of this request; a cursor holds for the list and the filters in it, and for no other
 * @returns undefined where the route gives out no cursors
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
    sign(answer) {
      if (!answer.ok) return answer;
      const { value } = answer;
      if (typeof value !== 'object' || value === null || !('next' in value) || typeof value.next !== 'string')
        return answer;
      return { ...answer, value: { ...value, next: signCursor(key, scope, value.next) } };
    },
  };
}
