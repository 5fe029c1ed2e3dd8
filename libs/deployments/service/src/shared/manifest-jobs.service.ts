import {
  openEnvelope,
  readApplication,
  readProfile,
  readRegistration,
  type ApplicationSpec,
  type FieldChange,
  type ResolvedSpec,
} from '#deployments/contract';
import { hostNames, readInlineManifests } from '#kubernetes';
import { ok, type InputError, type Result } from '#kernel';
import { differencesOf } from './differences.service.ts';
import { withHiddenValues } from './hidden-values.service.ts';

/** What a manifest says, and where in it: the JSON pointer of its spec. */
export interface ReadManifest<Spec> {
  readonly spec: Spec;
  readonly pointer: string;
}

type Reading<Spec> = Result<ReadManifest<Spec>, readonly InputError[]>;

/** Manifests as JSON, read by the schema of their kind; `manifests.thread.ts` serves them to a pool. */
export const manifestJobs = {
  application: (json: string) => readAs(json, readApplication),
  profile: (json: string) => readAs(json, readProfile),
  registration: (json: string) => readAs(json, readRegistration),
  differences: (json: string): FieldChange[] => {
    const { before, after, key } = JSON.parse(json) as Compared; // written by the reader of manifests
    return differencesOf(before, after, key);
  },
  /** Hosts that inline manifests ask for; none where they cannot be read, which the reader of manifests refuses. */
  hosts: (manifests: string): string[] => {
    const read = readInlineManifests(manifests);
    return read.ok ? hostNames(read.value.objects) : [];
  },
  hidden: (json: string) => {
    const { spec, key } = JSON.parse(json) as Shown; // likewise
    return withHiddenValues(spec, key);
  },
};

/** What is shown: see {@link withHiddenValues}. */
export interface Shown {
  readonly spec: ApplicationSpec;
  readonly key: string;
}

/** What is compared: see {@link differencesOf}. */
export interface Compared {
  readonly before?: ResolvedSpec;
  readonly after: ResolvedSpec;
  readonly key: string;
}

function readAs<Spec>(json: string, read: (document: unknown) => Result<Spec, InputError[]>): Reading<Spec> {
  const document: unknown = JSON.parse(json);
  const spec = read(document);
  if (!spec.ok) return spec;
  const opened = openEnvelope(document);
  return ok({ spec: spec.value, pointer: opened.ok ? opened.value.pointer : '' });
}
