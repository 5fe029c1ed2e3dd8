import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';

/** A write request that the API server has processed. */
export interface AuditedWrite {
  readonly user: string;
  readonly verb: string;
  readonly namespace: string;
  /** Such as `deployments/shop`, or `deployments/shop/scale` for a subresource. */
  readonly object: string;
  readonly code: number;
  readonly dryRun: boolean;
  /**
   * resourceVersion of the object in the response, if the audit policy records responses. A write that changed nothing
   * returns the previous one.
   */
  readonly version?: string;
}

const line = z.looseObject({
  verb: z.string(),
  requestURI: z.string(),
  // empty if the token was rejected
  user: z.looseObject({ username: z.string().default('') }).default({ username: '' }),
  objectRef: z
    .looseObject({
      resource: z.string().default(''),
      namespace: z.string().default(''),
      name: z.string().default(''),
      subresource: z.string().optional(),
    })
    .default({ resource: '', namespace: '', name: '' }),
  responseStatus: z.looseObject({ code: z.number().default(0) }).default({ code: 0 }),
  responseObject: z
    .looseObject({ metadata: z.looseObject({ resourceVersion: z.string().optional() }).optional() })
    .optional(),
});

/**
 * Returns the writes in the audit log of a test cluster, which is next to its kubeconfig. Reads are not in it.
 * @param from number of writes to skip
 */
export function auditedWrites(kubeconfig: string, from = 0): readonly AuditedWrite[] {
  return readFileSync(join(dirname(kubeconfig), 'audit.log'), 'utf8')
    .split('\n')
    .slice(from, -1) // an incomplete last line is still being written
    .map((text) => {
      const { verb, requestURI, user, objectRef, responseStatus, responseObject } = line.parse(JSON.parse(text));
      const { resource, namespace, name, subresource } = objectRef;
      const version = responseObject?.metadata?.resourceVersion;
      return {
        user: user.username,
        verb,
        namespace,
        object: [resource, name, ...(subresource === undefined ? [] : [subresource])].join('/'),
        code: responseStatus.code,
        dryRun: requestURI.includes('dryRun='),
        ...(version !== undefined && { version }),
      };
    });
}
