import type { ROUTED_CONTRACTS } from '#gateway';
import { call } from '#testing';

type Routed = Pick<(typeof ROUTED_CONTRACTS)[number], 'route' | 'permission' | 'rawBody'>;

/** Returns the status of a request without credential and body, and the one that its contract requires. */
export async function askWithoutCredential(url: string, { route, permission, rawBody }: Routed) {
  const { status } = await call(url, String(route).replaceAll(/\{\w+\}/g, 'x'));
  const answered = String(route).startsWith('GET') ? 200 : 422; // without the required body
  const isOpen = permission === 'PUBLIC' && !rawBody; // the signature of the body is the credential
  return { status, expected: isOpen ? answered : 401 };
}
