import { existsSync, readFileSync } from 'node:fs';
import type { Json } from '#kernel';

/** A JSON schema as Kubernetes' OpenAPI documents write it, without prose; `$ref` holds a definition's bare name. */
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

/** One printed column of `kubectl get`; priority 0 is always shown, others with `-o wide`. */
export interface Column {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  readonly priority: number;
}

export interface SubresourceData extends GroupVersionKind {
  /** `status`, `scale`, `log` … */
  readonly name: string;
  readonly verbs: readonly string[];
}

/** One kind of a group version, as aggregated discovery and the server's tables describe it. */
export interface ResourceData extends GroupVersionKind {
  readonly plural: string;
  readonly singular: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly subresources: readonly SubresourceData[];
  /** Name of the kind's definition; empty when the server publishes none. */
  readonly definition: string;
  readonly columns: readonly Column[];
  /** For kinds that a CustomResourceDefinition adds. */
  readonly custom?: CustomData;
}

/** What a CustomResourceDefinition says of a kind beside its schema and names. */
export interface CustomData {
  /** The apiVersion in which objects are stored. */
  readonly storedAs: string;
  /** JSONPath of each column after the name. */
  readonly columnPaths: readonly string[];
  /** Where the scale endpoint finds its numbers. */
  readonly scale?: {
    readonly spec: readonly string[];
    readonly status: readonly string[];
    readonly selector: readonly string[];
  };
}

/** A default the server wrote into every object of the type that left the field out. */
export interface RecordedDefault {
  readonly field: string;
  readonly value: Json;
}

/** Everything recorded from one server, by `tools/schemas/record.ts`. */
export interface SchemaData {
  /** The server's major and minor version. */
  readonly version: string;
  readonly resources: readonly ResourceData[];
  readonly definitions: { readonly [name: string]: RawSchema };
  /** By definition: what is always added. */
  readonly defaults: { readonly [definition: string]: readonly RecordedDefault[] };
  /** By definition: fields that were added in some objects only or with several values; code decides these. */
  readonly conditional: { readonly [definition: string]: readonly string[] };
  /** By definition: fields that vanish when they hold their type's zero value (`""`, 0, false, [], {}). */
  readonly omitsZero: { readonly [definition: string]: readonly string[] };
  /** By definition: lists that are written as null when they are empty or were not given. */
  readonly nullsZero: { readonly [definition: string]: readonly string[] };
  /** By definition: fields that were seen to keep their zero value. */
  readonly keepsZero: { readonly [definition: string]: readonly string[] };
}

let loaded: SchemaData | undefined;

/** The recorded data of Kubernetes 1.36; read from disk once, at the first call. */
export function recordedData(): SchemaData {
  loaded ??= JSON.parse(readFileSync(dataFile('kubernetes-1.36.json'), 'utf8')) as SchemaData; // our own tool wrote it
  return loaded;
}

/** What a definition and its fields mean; '' names the definition itself. */
export type Descriptions = { readonly [definition: string]: { readonly [field: string]: string } | undefined };

let told: Descriptions | undefined;

/** The words of Kubernetes 1.36 about its kinds; read from disk once, at the first call: only `kubectl explain` shows them. */
export function recordedDescriptions(): Descriptions {
  told ??= JSON.parse(readFileSync(dataFile('descriptions-1.36.json'), 'utf8')) as Descriptions; // our own tool wrote it
  return told;
}

/** Beside the sources, and beside the folder of a built program; in the npm package of astroctl within that folder. */
function dataFile(name: string): URL {
  const within = new URL(`data/${name}`, import.meta.url);
  return existsSync(within) ? within : new URL(`../data/${name}`, import.meta.url);
}
