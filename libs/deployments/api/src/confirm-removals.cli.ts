import { isCommandError, type CallResult, type Session } from '#cli';

/**
 * Sends a request. If the server refuses it because it would delete most objects of an application, asks for
 * confirmation and sends it again. `-y` confirms it beforehand.
 */
export async function confirmingRemovals<T>(
  session: Session,
  send: (allow: { readonly allowRemovals?: true }) => Promise<CallResult<T>>,
): Promise<CallResult<T>> {
  const answer = await send(session.flags.yes ? { allowRemovals: true } : {});
  if (answer.ok || answer.failure.code !== 'deployments/removes-most') return answer;
  session.print.note(answer.failure.detail);
  const sure = await session.confirm('Delete these objects?');
  return isCommandError(sure) ? { ok: false, failure: sure } : send({ allowRemovals: true });
}
