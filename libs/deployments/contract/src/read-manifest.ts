import { inputErrorsOf } from '#bus/contract';
import { err, ok, type InputError, type Result } from '#kernel';
import { checkInlineManifests } from '#kubernetes';
import { z } from 'zod';
import {
  API_VERSION,
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
import { respellApplication, respellProfile, type Respelled } from './older-spellings.ts';

/**
 * Validates an Application, with or without an envelope, including inline manifests. Errors have JSON pointers into
 * `document`.
 */
export function readApplication(document: unknown): Result<ApplicationSpec, InputError[]> {
  const spec = read(document, 'Application', 'name', [], applicationSpecSchema);
  const manifests = spec.ok ? spec.value.source.yaml?.manifests : undefined;
  if (manifests === undefined) return spec;
  const opened = openEnvelope(document);
  const pointer = `${opened.ok ? opened.value.pointer : ''}/source/yaml/manifests`;
  const errors = checkInlineManifests(manifests).map(({ place, detail }): InputError => ({
    pointer,
    message: detail.replace(/^line \d+:\d+: /, '').replace(/\.$/, ''),
    ...(place && { place }),
  }));
  return errors.length > 0 ? err(errors.slice(0, MAX_ERRORS)) : spec;
}

/** Only the first errors are listed. */
const MAX_ERRORS = 50;

/** Validates an ApplicationProfile. `name` is accepted as an alias of `profileName`. */
export const readProfile = (document: unknown): Result<ProfileSpec, InputError[]> =>
  read(document, 'ApplicationProfile', 'profileName', ['name'], profileSpecSchema);

/** Validates a K8sClusterRegistration. */
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
  if (!opened.ok) return err(kubernetesObjectError(document) ?? inputErrorsOf(opened.schema, opened.error));
  const { spec, pointer, name } = opened.value;
  if (opened.value.kind !== undefined && opened.value.kind !== kind)
    return err([{ pointer: '/kind', message: wrongKind(opened.value.kind, kind) }]);
  if (typeof spec !== 'object' || spec === null || Array.isArray(spec))
    return err([{ pointer, message: `must be the fields of ${kind}` }]);

  const named = new Map(Object.entries(respelled(kind, spec)));
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

/** Returns how to deploy a Kubernetes object that was given instead of a manifest of the platform. */
function kubernetesObjectError(document: unknown): InputError[] | undefined {
  const object = z.looseObject({ apiVersion: z.string().max(300), kind: z.string().max(100) }).safeParse(document);
  if (!object.success || object.data.apiVersion.startsWith(`${API_GROUP}/`)) return undefined;
  const message = `is ${object.data.kind} of ${object.data.apiVersion}, a Kubernetes object; to deploy it, apply an Application with source.type yaml and the object as text in source.yaml.manifests`;
  return [{ pointer: '/kind', message }];
}

const API_GROUP = API_VERSION.slice(0, API_VERSION.indexOf('/'));

const RESPELL: Partial<Record<ManifestKind, (spec: unknown) => Respelled>> = {
  Application: respellApplication,
  ApplicationProfile: respellProfile,
};

const respelled = (kind: ManifestKind, spec: object): object => (RESPELL[kind]?.(spec).spec ?? spec) as object; // an object for an object

/** Returns a sentence for each older spelling in a manifest of this kind, with or without an envelope. */
export function spellingWarnings(kind: ManifestKind, document: unknown): readonly string[] {
  const opened = openEnvelope(document);
  return (opened.ok ? RESPELL[kind]?.(opened.value.spec).warnings : undefined) ?? [];
}

function wrongKind(kind: ManifestKind, wanted: ManifestKind): string {
  const command = KINDS[kind];
  return command === null
    ? 'No provisioner for eks is installed; register the cluster instead: astroctl clusters register --cluster-name NAME'
    : `is of kind ${kind}, but ${wanted} is expected; use: ${command}`;
}
