import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';

/** One write that the API server answered. */
export interface AuditedWrite {
  readonly user: string;
  readonly verb: string;
  readonly namespace: string;
  /** `deployments/shop`; with a subresource `deployments/shop/scale`. */
  readonly object: string;
  readonly code: number;
  readonly dryRun: boolean;
  /** resourceVersion of the object in the answer, where the server's policy has answers recorded: a write that changed nothing answers the one before. */
  readonly version?: string;
}

const line = z.looseObject({
  verb: z.string(),
  requestURI: z.string(),
  user: z.looseObject({ username: z.string().default('') }).default({ username: '' }), // nobody, where the token was refused
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
 * Writes from the audit log of a test cluster, which lies beside its kubeconfig; reads of the cluster are not in it.
 * @param from number of writes that are left out at the beginning
 */
export function auditedWrites(kubeconfig: string, from = 0): readonly AuditedWrite[] {
  return readFileSync(join(dirname(kubeconfig), 'audit.log'), 'utf8')
    .split('\n')
    .slice(from, -1) // what follows the last line break is being written
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
