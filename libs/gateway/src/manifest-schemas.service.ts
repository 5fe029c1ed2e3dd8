import { manifestSchema, SCHEMA_KINDS } from '#deployments/contract';
import type { PublicFile } from '#http';

/** JSON Schemas of manifests for editors, such as `/v1/schemas/application.json`. The kind may also be capitalized. */
export const MANIFEST_SCHEMA_FILES: readonly PublicFile[] = SCHEMA_KINDS.flatMap((kind) =>
  [kind.toLowerCase(), kind].map((name) => ({
    path: `/v1/schemas/${name}.json`,
    mediaType: 'application/schema+json',
    read: async () => Buffer.from(JSON.stringify(manifestSchema(kind))),
  })),
);
