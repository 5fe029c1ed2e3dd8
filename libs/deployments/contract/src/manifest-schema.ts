import { z } from 'zod';
import { API_VERSION, applicationSpecSchema, profileSpecSchema, registrationSpecSchema } from './manifest.ts';

/** The subset of JSON Schema (draft 7) that the published schemas use. */
export interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly not?: JsonSchema;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly [keyword: string]: unknown;
}

interface SchemaSource {
  readonly spec: z.ZodObject;
  /** Field of the spec that `metadata.name` can replace. */
  readonly nameField: string;
  /** Alternative names of that field. */
  readonly aliases: readonly string[];
  readonly description: string;
}

/** Kinds of manifests, each with the schema that reads it. */
export const MANIFEST_SCHEMAS = {
  Application: {
    spec: applicationSpecSchema,
    nameField: 'name',
    aliases: [],
    description: 'An application: what to deploy, and where.',
  },
  ApplicationProfile: {
    spec: profileSpecSchema,
    nameField: 'profileName',
    aliases: ['name'],
    description: 'Common settings of applications, and the cluster that they run on.',
  },
  K8sClusterRegistration: {
    spec: registrationSpecSchema,
    nameField: 'clusterName',
    aliases: ['name'],
    description: 'A Kubernetes cluster that an organization registers.',
  },
} as const satisfies Record<string, SchemaSource>;
/** Kind of a manifest that has a published schema. */
export type SchemaKind = keyof typeof MANIFEST_SCHEMAS;
export const SCHEMA_KINDS = Object.keys(MANIFEST_SCHEMAS) as readonly SchemaKind[];

/** Derives the JSON Schema of the `spec` of this kind from the schema that reads it. */
function specSchema(kind: SchemaKind): JsonSchema {
  const { spec } = MANIFEST_SCHEMAS[kind];
  const { $schema: _, ...schema } = z.toJSONSchema(spec, {
    io: 'input',
    target: 'draft-07',
    unrepresentable: 'any',
    reused: 'inline',
    override: ({ zodSchema, jsonSchema }) => {
      // zod drops the examples of schemas that transform their value
      const examples = z.globalRegistry.get(zodSchema)?.['examples'];
      if (Array.isArray(examples)) jsonSchema.examples = examples;
    },
  });
  return schema as JsonSchema; // zod generates plain JSON
}

/**
 * Returns the published JSON Schema of a kind, for editors and other tools. It accepts a manifest with `apiVersion` and
 * `kind`, where `metadata.name` may set the name, or the spec alone.
 */
export function manifestSchema(kind: SchemaKind): JsonSchema {
  const source: SchemaSource = MANIFEST_SCHEMAS[kind];
  const { nameField, aliases, description } = source;
  const whole = specSchema(kind);
  const name = whole.properties?.[nameField] ?? {};
  const others = Object.fromEntries(
    aliases.map((alias) => [alias, { ...name, description: `The same as ${nameField}.` }]),
  );
  const spec = {
    ...whole,
    properties: { ...whole.properties, ...others },
    required: (whole.required ?? []).filter((member) => member !== nameField),
  };
  const named = { anyOf: [nameField, ...aliases].map((member) => ({ required: [member] })) };
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: kind,
    description,
    type: 'object',
    if: { anyOf: [{ required: ['apiVersion'] }, { required: ['kind'] }] },
    then: {
      type: 'object',
      properties: {
        apiVersion: { const: API_VERSION, description: 'Version of the manifest.' },
        kind: { const: kind, description: 'Kind of the manifest.' },
        metadata: {
          type: 'object',
          properties: { name },
          additionalProperties: false,
          description: `name can be set here instead of in spec.${nameField}.`,
        },
        spec: { $ref: '#/definitions/spec' },
      },
      required: ['apiVersion', 'kind', 'spec'],
      additionalProperties: false,
      anyOf: [
        { properties: { metadata: { required: ['name'] } }, required: ['metadata'] },
        { properties: { spec: named } },
      ],
    },
    else: { allOf: [{ $ref: '#/definitions/spec' }, named] },
    definitions: { spec },
  };
}

/** Description of a field, for the reference and `astroctl explain`. */
export interface FieldDescription {
  /** Path in the spec, such as `source.image.env[].name`; '' for the spec itself. */
  readonly path: string;
  readonly name: string;
  /** Type in kubectl's notation: `string`, `integer`, `[]Object`, `map[string]string`. */
  readonly type: string;
  readonly description: string;
  readonly isRequired: boolean;
  readonly choices: readonly string[];
  /** As users write it; undefined for a field that is not available yet. */
  readonly example: unknown;
  readonly fields: readonly FieldDescription[];
}

/** Returns all fields of a kind, in the order of their declaration. */
export const describeFields = (kind: SchemaKind): readonly FieldDescription[] => fieldsOf(specSchema(kind), '');

function fieldsOf(schema: JsonSchema, prefix: string): FieldDescription[] {
  const variants = [schema, ...(schema.anyOf ?? [])].filter(({ properties }) => properties);
  const names = new Set(variants.flatMap(({ properties = {} }) => Object.keys(properties)));
  return [...names].map((name) => {
    const field = variants.map(({ properties }) => properties?.[name]).find((known) => known !== undefined) ?? {};
    const path = prefix === '' ? name : `${prefix}.${name}`;
    return {
      path,
      name,
      type: typeOf(field),
      description: field.description ?? '',
      isRequired: variants.every(({ required = [] }) => required.includes(name)),
      choices: (field.enum ?? []).map(String),
      example: field.examples?.[0],
      fields: field.items ? fieldsOf(field.items, `${path}[]`) : fieldsOf(field, path),
    };
  });
}

function typeOf({ type, items, additionalProperties, anyOf, not, properties }: JsonSchema): string {
  if (not) return 'none';
  if (items) return `[]${typeOf(items)}`;
  if (anyOf) return [...new Set(anyOf.map(typeOf))].join(' or ');
  if (properties) return 'Object';
  if (typeof additionalProperties === 'object') return `map[string]${typeOf(additionalProperties)}`;
  return type ?? 'any';
}
