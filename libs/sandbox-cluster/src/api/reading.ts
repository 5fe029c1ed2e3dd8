import type { Json, JsonObject } from '#kernel';
import { isObject } from '../store.ts';

/** Functions that read a nested value without a check at each step. */
export const at = (value: Json | undefined, ...path: readonly string[]): Json | undefined =>
  path.reduce<Json | undefined>((here, step) => (isObject(here) ? here[step] : undefined), value);
export const listAt = (value: Json | undefined, ...path: readonly string[]): readonly Json[] =>
  ((found) => (Array.isArray(found) ? (found as readonly Json[]) : []))(at(value, ...path));
export const treeAt = (value: Json | undefined, ...path: readonly string[]): JsonObject =>
  ((found) => (isObject(found) ? found : {}))(at(value, ...path));
export const countAt = (value: Json | undefined, ...path: readonly string[]): number =>
  ((found) => (typeof found === 'number' ? found : 0))(at(value, ...path));
export const textAt = (value: Json | undefined, ...path: readonly string[]): string =>
  ((found) => (found === undefined || found === null ? '' : String(found)))(at(value, ...path));
export const pairsAt = (value: Json | undefined, ...path: readonly string[]): string[] =>
  Object.entries(treeAt(value, ...path)).map(([key, member]) => `${key}=${String(member)}`);
