import { inputErrorsOf } from '#bus/contract';
import { err, ok, type InputError, type Result } from '#kernel';
import type { z } from 'zod';
import {
  applicationSpecSchema,
  KINDS,
  openEnvelope,
  profileSpecSchema,
  registrationSpecSchema,
  type ApplicationSpec,
  type ManifestKind,
  type ProfileSpec,
  type RegistrationSpec,
} from './manifest.ts';

/** Reads an Application, enveloped or flat. Faults carry JSON pointers into `document`. */
export const readApplication = (document: unknown): Result<ApplicationSpec, InputError[]> =>
  read(document, 'Application', 'name', [], applicationSpecSchema);

/** Reads an ApplicationProfile; `name` is accepted for `profileName`. */
export const readProfile = (document: unknown): Result<ProfileSpec, InputError[]> =>
  read(document, 'ApplicationProfile', 'profileName', ['name'], profileSpecSchema);

/** Reads a K8sClusterRegistration. */
export const readRegistration = (document: unknown): Result<RegistrationSpec, InputError[]> =>
  read(document, 'K8sClusterRegistration', 'clusterName', ['name'], registrationSpecSchema);

function read<S extends z.ZodType>(
  document: unknown,
  kind: ManifestKind,
  nameField: string,
  aliases: readonly string[],
  schema: S,
): Result<z.infer<S>, InputError[]> {
  const opened = openEnvelope(document);
  if (!opened.ok) return err(inputErrorsOf(opened.schema, opened.error));
  const { spec, pointer, name } = opened.value;
  if (opened.value.kind !== undefined && opened.value.kind !== kind)
    return err([{ pointer: '/kind', message: wrongKind(opened.value.kind, kind) }]);
  if (typeof spec !== 'object' || spec === null || Array.isArray(spec))
    return err([{ pointer, message: `must be the fields of ${kind}` }]);

  const named = new Map(Object.entries(spec));
  for (const alias of aliases) {
    if (!named.has(alias) || named.has(nameField)) continue;
    named.set(nameField, named.get(alias));
    named.delete(alias);
  }
  if (name !== undefined && !named.has(nameField)) named.set(nameField, name);
  const parsed = schema.safeParse(Object.fromEntries(named));
  if (!parsed.success) return err(inputErrorsOf(schema, parsed.error, pointer));
  if (name !== undefined && named.get(nameField) !== name)
    return err([{ pointer: '/metadata/name', message: `differs from ${pointer}/${nameField}` }]);
  return ok(parsed.data);
}

function wrongKind(kind: ManifestKind, wanted: ManifestKind): string {
  const command = KINDS[kind];
  return command === null
    ? 'No provisioner for eks is installed; register the cluster instead: astroctl clusters register --cluster-name NAME'
    : `is of kind ${kind}, but ${wanted} is expected; use: ${command}`;
}
