import { openEnvelope, readApplication, readProfile, readRegistration } from '#deployments/contract';
import { ok, type InputError, type Result } from '#kernel';

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
};

function readAs<Spec>(json: string, read: (document: unknown) => Result<Spec, InputError[]>): Reading<Spec> {
  const document: unknown = JSON.parse(json);
  const spec = read(document);
  if (!spec.ok) return spec;
  const opened = openEnvelope(document);
  return ok({ spec: spec.value, pointer: opened.ok ? opened.value.pointer : '' });
}
