import type { ROUTED_CONTRACTS } from '#gateway';
import { call } from '#testing';

type Routed = Pick<(typeof ROUTED_CONTRACTS)[number], 'route' | 'permission'>;

/** The status of a request without credential and body, and the one that its contract asks for. */
export async function askWithoutCredential(url: string, { route, permission }: Routed) {
  const { status } = await call(url, String(route).replaceAll(/\{\w+\}/g, 'x'));
  const answered = String(route).startsWith('GET') ? 200 : 422; // without the body that it asks for
  return { status, expected: permission === 'PUBLIC' ? answered : 401 };
}
