import { existsSync, readFileSync } from 'node:fs';
import type { Json } from '#kernel';

/**
 * A JSON schema as in the OpenAPI documents of Kubernetes, without descriptions. `$ref` contains only a definition's
 * name.
 */
export interface RawSchema {
  readonly type?: string;
  readonly format?: string;
  readonly default?: Json;
  readonly enum?: readonly Json[];
  readonly required?: readonly string[];
  readonly properties?: { readonly [name: string]: RawSchema };
  readonly items?: RawSchema;
  readonly additionalProperties?: RawSchema | boolean;
  readonly allOf?: readonly RawSchema[];
  readonly oneOf?: readonly RawSchema[];
  readonly nullable?: boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly pattern?: string;
  readonly $ref?: string;
  readonly [extension: `x-kubernetes-${string}`]: Json | undefined;
}

export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** A column of `kubectl get`. Columns with priority 0 are always shown, others with `-o wide`. */
export interface Column {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  readonly priority: number;
}

export interface SubresourceData extends GroupVersionKind {
  /** Name such as `status`, `scale`, or `log`. */
  readonly name: string;
  readonly verbs: readonly string[];
}

/** A kind in one API version, as described by aggregated discovery and the server's tables. */
export interface ResourceData extends GroupVersionKind {
  readonly plural: string;
  readonly singular: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly subresources: readonly SubresourceData[];
  /** Name of the kind's definition; empty if the server publishes none. */
  readonly definition: string;
  readonly columns: readonly Column[];
  /** For kinds of a CustomResourceDefinition. */
  readonly custom?: CustomData;
}

/** Data of a CustomResourceDefinition in addition to its schema and names. */
export interface CustomData {
  /** The apiVersion of stored objects. */
  readonly storedAs: string;
  /** JSONPath of each column after the name. */
  readonly columnPaths: readonly string[];
  /** Paths of the values of the scale endpoint. */
  readonly scale?: {
    readonly spec: readonly string[];
    readonly status: readonly string[];
    readonly selector: readonly string[];
  };
}

/** A default that the server set in every object of a type without the field. */
export interface RecordedDefault {
  readonly field: string;
  readonly value: Json;
}

/** Everything that `tools/schemas/record.ts` recorded from one server. */
export interface SchemaData {
  /** The server's version as major.minor. */
  readonly version: string;
  readonly resources: readonly ResourceData[];
  readonly definitions: { readonly [name: string]: RawSchema };
  /** Fields that were always added, by definition. */
  readonly defaults: { readonly [definition: string]: readonly RecordedDefault[] };
  /** Fields that were added only in some objects or with several values, by definition. Code handles these. */
  readonly conditional: { readonly [definition: string]: readonly string[] };
  /** Fields that are omitted when they have their type's zero value (`""`, 0, false, [], {}), by definition. */
  readonly omitsZero: { readonly [definition: string]: readonly string[] };
  /** Lists that are written as null when they are empty or missing, by definition. */
  readonly nullsZero: { readonly [definition: string]: readonly string[] };
  /** Fields that keep their zero value, by definition. */
  readonly keepsZero: { readonly [definition: string]: readonly string[] };
}

let loaded: SchemaData | undefined;

/** Returns the recorded data of Kubernetes 1.36. It is read from disk once, at the first call. */
export function recordedData(): SchemaData {
  // Written by our recording tool.
  loaded ??= JSON.parse(readFileSync(dataFile('kubernetes-1.36.json'), 'utf8')) as SchemaData;
  return loaded;
}

/** Descriptions of a definition's fields; the key '' describes the definition itself. */
export type Descriptions = { readonly [definition: string]: { readonly [field: string]: string } | undefined };

let told: Descriptions | undefined;

/**
 * Returns the descriptions of Kubernetes 1.36, which only `kubectl explain` shows. They are read from disk once, at the
 * first call.
 */
export function recordedDescriptions(): Descriptions {
  // Written by our recording tool.
  told ??= JSON.parse(readFileSync(dataFile('descriptions-1.36.json'), 'utf8')) as Descriptions;
  return told;
}

/**
 * Locates a data file next to the sources or next to a build's folder; in astroctl's npm package, within that folder.
 */
function dataFile(name: string): URL {
  const within = new URL(`data/${name}`, import.meta.url);
  return existsSync(within) ? within : new URL(`../data/${name}`, import.meta.url);
}
