import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseManifests } from '#kubernetes/yaml';
import Ajv from 'ajv'; // a dependency of eslint; used only in tests
import {
  describeFields,
  MANIFEST_SCHEMAS,
  manifestSchema,
  SCHEMA_KINDS,
  type FieldDescription,
  type SchemaKind,
} from './manifest-schema.ts';
import { API_VERSION } from './manifest.ts';
import { readApplication, readProfile, readRegistration } from './read-manifest.ts';

const READERS = {
  Application: readApplication,
  ApplicationProfile: readProfile,
  K8sClusterRegistration: readRegistration,
};
const ajv = new Ajv({ allErrors: true });
const validate = Object.fromEntries(SCHEMA_KINDS.map((kind) => [kind, ajv.compile(manifestSchema(kind))]));
/** Returns whether the published schema and the reader accept a document. */
const taken = (kind: SchemaKind, document: unknown) => [validate[kind]?.(document), READERS[kind](document).ok];

const image = { type: 'image', image: { repository: 'web', tag: '1' } };
const envelope = (kind: SchemaKind, spec: unknown, metadata?: unknown) => ({
  apiVersion: API_VERSION,
  kind,
  ...(metadata !== undefined && { metadata }),
  spec,
});

describe('use-E3: published JSON Schemas agree with the reader of manifests', () => {
  it.each([
    ['flat', 'Application', { name: 'web', source: image }],
    ['enveloped', 'Application', envelope('Application', { name: 'web', source: image })],
    ['named by its metadata', 'Application', envelope('Application', { source: image }, { name: 'web' })],
    ['a profile', 'ApplicationProfile', { profileName: 'p', clusterName: 'c', defaults: { port: 1 } }],
    ['a profile by its alias', 'ApplicationProfile', { name: 'p', clusterName: 'c' }],
    ['a profile without a cluster', 'ApplicationProfile', { profileName: 'p' }],
    ['a profile with a provider', 'ApplicationProfile', { profileName: 'p', cloudProvider: { provider: 'aws' } }],
    ['a cluster', 'K8sClusterRegistration', { clusterName: 'c', server: 'https://c.acme.dev' }],
    [
      'amounts as numbers',
      'Application',
      { name: 'web', source: { type: 'image', image: { ...image.image, resources: { limits: { cpu: 2 } } } } },
    ],
  ] as const)('accept: %s', (_, kind, document) => expect(taken(kind, document)).toEqual([true, true]));

  it.each([
    ['no name', 'Application', { source: image }],
    [
      'a profile with a cluster and a provider',
      'ApplicationProfile',
      { profileName: 'p', clusterName: 'c', cloudProvider: { provider: 'aws' } },
    ],
    ['a region without a provider', 'ApplicationProfile', { profileName: 'p', cloudProvider: { region: 'eu' } }],
    ['no name in an envelope', 'Application', envelope('Application', { source: image })],
    ['another kind', 'Application', envelope('ApplicationProfile', { name: 'web', source: image })],
    ['an unknown field', 'Application', { name: 'web', source: image, profileNam: 'p' }],
    [
      'an unknown field of the envelope',
      'Application',
      { ...envelope('Application', { name: 'web', source: image }), x: 1 },
    ],
    ['two sources', 'Application', { name: 'web', source: { ...image, yaml: { manifests: 'a' } } }],
    ['the block of another source', 'Application', { name: 'web', source: { ...image, type: 'yaml' } }],
    ['a source of a later release', 'Application', { name: 'web', source: { type: 'helm', helm: {} } }],
    [
      'a schedule with six fields',
      'Application',
      { name: 'web', source: { type: 'image', image: { ...image.image, schedule: '0 * * * * *' } } },
    ],
    ['neither tag nor digest', 'Application', { name: 'web', source: { type: 'image', image: { repository: 'web' } } }],
    [
      'a tag that is a number',
      'Application',
      { name: 'web', source: { type: 'image', image: { repository: 'web', tag: 1.1 } } },
    ],
    [
      'an unknown fieldRef',
      'Application',
      {
        name: 'web',
        source: { type: 'image', image: { ...image.image, env: [{ name: 'A', fieldRef: 'status.nope' }] } },
      },
    ],
  ] as const)('reject: %s', (_, kind, document) => expect(taken(kind, document)).toEqual([false, false]));

  it('accept the examples of the repository', () => {
    for (const [file, kind] of [
      ['hello-world.yaml', 'Application'],
      ['profile.yaml', 'ApplicationProfile'],
    ] as const) {
      const text = readFileSync(join(import.meta.dirname, '../../../../examples', file), 'utf8');
      const parsed = parseManifests(text.replace('tag: 1.4.2', 'tag: "1.4.2"'));
      if (!parsed.ok) throw new Error(file);
      expect(taken(kind, parsed.value.documents[0]?.value)).toEqual([true, true]);
    }
  });
});

const everyField = (fields: readonly FieldDescription[]): FieldDescription[] =>
  fields.flatMap((field) => [field, ...everyField(field.fields)]);

describe.each(SCHEMA_KINDS)('use-E3: fields of %s', (kind) => {
  const fields = everyField(describeFields(kind));

  it('are all described in a sentence', () =>
    expect(fields.filter(({ description }) => !/^\S.*\.$/s.test(description)).map(({ path }) => path)).toEqual([]));

  it('all have an example, except those of later releases', () =>
    expect(
      fields.filter(({ example }) => example === undefined).map(({ path, description }) => [path, description]),
    ).toEqual(
      fields
        .filter(({ description }) => description.endsWith('Not available in this release.'))
        .map(({ path, description }) => [path, description]),
    ));

  it.each(fields.filter(({ example }) => example !== undefined).map((field) => [field.path, field] as const))(
    'accept the example of %s',
    (path, { example }) => {
      const at = path.split('.').reduce<unknown>((schema, step) => inner(schema, step), MANIFEST_SCHEMAS[kind].spec);
      const candidates = Array.isArray(at) ? at : [at];
      expect(
        candidates.some(
          (schema: { safeParse(value: unknown): { success: boolean } }) => schema.safeParse(example).success,
        ),
      ).toBe(true);
    },
  );
});

/** Returns the schemas that read a step of a path, looking through wrappers and unions. */
function inner(schema: unknown, step: string): unknown {
  const name = step.replace('[]', '');
  const found = (Array.isArray(schema) ? schema : [schema])
    .flatMap((one) => shapes(one))
    .flatMap((shape) => shape[name] ?? []);
  return step.endsWith('[]') ? found.flatMap((one) => elements(one)) : found;
}

interface Definition {
  readonly innerType?: unknown;
  readonly in?: unknown;
  readonly options?: readonly unknown[];
  readonly element?: unknown;
  readonly shape?: Readonly<Record<string, unknown>>;
}
// every zod schema has one
const definitionOf = (schema: unknown): Definition => (schema as { readonly def: Definition }).def;
function unwrapped(schema: unknown): unknown[] {
  const { innerType, in: input, options } = definitionOf(schema);
  const within = innerType ? [innerType] : input ? [input] : options;
  return within ? within.flatMap(unwrapped) : [schema];
}
const shapes = (schema: unknown): Readonly<Record<string, unknown>>[] =>
  unwrapped(schema)
    .map((one) => definitionOf(one).shape)
    .filter((shape) => shape !== undefined);
const elements = (schema: unknown) => unwrapped(schema).flatMap((one) => definitionOf(one).element ?? []);
