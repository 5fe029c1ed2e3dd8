import type { ServerResponse } from 'node:http';

/** Below it each organization's sandbox has its path. */
export const PREFIX = '/sandbox';

/** An id that may stand in a path, of an address and of a file. */
export const ORGANIZATION_ID = /^[0-9a-zA-Z-]{1,64}$/;

/** Whose sandbox a request is for, the path and query from that API's root on, and what stands before it. */
export interface SandboxPlace {
  readonly organizationId: string;
  readonly path: string;
  readonly prefix: string;
}

/** @param url path and query of a request; undefined for one that is no sandbox's */
export function placeOf(url = ''): SandboxPlace | undefined {
  const [, organizationId = '', path = ''] = /^\/sandbox\/([^/?]*)(\/.*|\?.*|)$/.exec(url) ?? [];
  return ORGANIZATION_ID.test(organizationId) ? { organizationId, path: path === '' ? '/' : path, prefix: `${PREFIX}/${organizationId}` } : undefined;
}

/** A path that is no sandbox's answers as one with a wrong token does: nobody learns which organizations there are. */
export const refuseStranger = (response: ServerResponse): void => refuse(response, 401, 'Unauthorized', 'Unauthorized');

/** Says that a sandbox cannot answer now: its thread ended, and the next request starts another. */
export const sayAway = (response: ServerResponse): void => refuse(response, 503, 'ServiceUnavailable', 'the sandbox is being started again; try once more');

function refuse(response: ServerResponse, code: number, reason: string, message: string): void {
  response
    .writeHead(code, { 'content-type': 'application/json', ...(code === 503 && { 'retry-after': '1' }) })
    .end(JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code }));
}
