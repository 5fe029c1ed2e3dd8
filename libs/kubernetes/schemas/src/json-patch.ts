import { err, ok, type Json, type JsonObject, type Result } from '#kernel';
import { isList, isTree, sameJson } from './typed.ts';

/** Why a patch cannot be applied: it is malformed (400), too large (413), or does not match the object (422, 500). */
export interface PatchError {
  readonly code: 400 | 413 | 422 | 500;
  readonly message: string;
}

/** Maximum number of operations of a JSON patch. */
const MOST_OPERATIONS = 10_000;
/** Maximum bytes that the copy operations of one patch may add. */
const MOST_COPIED = 3 * 1024 * 1024;
const REJECTED: PatchError = { code: 422, message: 'the server rejected our request due to an error in our request' };

const goKind = (value: Json): string =>
  isList(value) ? 'array' : isTree(value) ? 'object' : typeof value === 'boolean' ? 'bool' : typeof value;
const decoding = (value: Json, type: string): PatchError => ({
  code: 400,
  message: `error decoding patch: json: cannot unmarshal ${goKind(value)} into Go value of type ${type}`,
});

/** Applies a JSON merge patch (RFC 7386): null removes a member, and lists are replaced. */
export function mergePatch(target: JsonObject, patch: Json): Result<JsonObject, PatchError> {
  if (!isTree(patch)) return err(decoding(patch, 'map[string]interface {}'));
  const merged = merge(target, patch);
  return ok(isTree(merged) ? merged : {});
}

function merge(target: Json | undefined, patch: Json): Json {
  if (!isTree(patch)) return patch;
  const merged: { [name: string]: Json } = {};
  if (isTree(target)) for (const [name, value] of Object.entries(target)) if (value !== undefined) merged[name] = value;
  for (const [name, value] of Object.entries(patch)) {
    if (value === null || value === undefined) delete merged[name];
    else merged[name] = merge(merged[name], value);
  }
  return merged;
}

/**
 * Applies a JSON patch (RFC 6902). As on a server, `replace` may add a member, and `copy` of a missing member copies
 * null.
 */
export function jsonPatch(target: JsonObject, patch: Json): Result<Json, PatchError> {
  if (!isList(patch)) return err(decoding(patch, '[]handlers.jsonPatchOp'));
  if (patch.length > MOST_OPERATIONS)
    return err({
      code: 413,
      message: `Request entity too large: The allowed maximum operations in a JSON patch is ${MOST_OPERATIONS}, got ${patch.length}`,
    });
  let value: Json = target;
  let copied = 0;
  for (const operation of patch) {
    if (!isTree(operation)) return err(decoding(operation, 'handlers.jsonPatchOp'));
    const { op, path, from } = operation;
    if (typeof op !== 'string' || typeof path !== 'string') return err(REJECTED);
    const steps = stepsOf(path);
    let next: Json | undefined;
    switch (op) {
      case 'add':
        next = write(value, steps, 'add', operation['value'] ?? null);
        break;
      case 'replace':
        next = write(value, steps, 'replace', operation['value'] ?? null);
        break;
      case 'remove':
        next = write(value, steps, 'remove', null);
        break;
      case 'test':
        next = sameJson(read(value, steps) ?? null, operation['value'] ?? null) ? value : undefined;
        break;
      case 'move': {
        const moved = typeof from === 'string' ? read(value, stepsOf(from)) : undefined;
        const left: Json | undefined =
          typeof from === 'string' && moved !== undefined ? write(value, stepsOf(from), 'remove', null) : undefined;
        next = left === undefined ? undefined : write(left, steps, 'add', moved ?? null);
        break;
      }
      case 'copy': {
        const source = typeof from === 'string' ? (read(value, stepsOf(from)) ?? null) : undefined;
        if (source === undefined) return err(REJECTED);
        copied += JSON.stringify(source).length;
        if (copied > MOST_COPIED)
          return err({ code: 413, message: `Request entity too large: a patch may copy ${MOST_COPIED} bytes` });
        next = write(value, steps, 'add', source);
        break;
      }
      default:
        return err(REJECTED);
    }
    if (next === undefined) return err(REJECTED);
    value = next;
  }
  return ok(value);
}

const stepsOf = (pointer: string): string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));

function read(value: Json | undefined, steps: readonly string[]): Json | undefined {
  return steps.reduce<Json | undefined>(
    (here, step) =>
      isList(here) ? here[Number(step)] : isTree(here) && Object.hasOwn(here, step) ? here[step] : undefined,
    value,
  );
}

/** Returns the value with one location changed; undefined if the location cannot be changed. */
function write(
  value: Json,
  steps: readonly string[],
  kind: 'add' | 'replace' | 'remove',
  given: Json,
): Json | undefined {
  const [step, ...rest] = steps;
  if (step === undefined) return kind === 'remove' ? null : given;
  if (isList(value)) {
    const items = [...value];
    const index = step === '-' ? items.length : /^\d+$/.test(step) ? Number(step) : -1;
    if (rest.length > 0) {
      const inner = items[index];
      const next = inner === undefined ? undefined : write(inner, rest, kind, given);
      if (next === undefined) return undefined;
      items[index] = next;
      return items;
    }
    if (index < 0 || index > items.length || (kind !== 'add' && index >= items.length)) return undefined;
    items.splice(index, kind === 'add' ? 0 : 1, ...(kind === 'remove' ? [] : [given]));
    return items;
  }
  if (!isTree(value)) return undefined;
  if (rest.length > 0) {
    const inner = Object.hasOwn(value, step) ? value[step] : undefined;
    const next = inner === undefined ? undefined : write(inner, rest, kind, given);
    return next === undefined ? undefined : assign(value, step, next);
  }
  if (kind !== 'remove') return assign(value, step, given);
  return Object.hasOwn(value, step)
    ? Object.fromEntries(Object.entries(value).filter(([name]) => name !== step))
    : undefined;
}

/** Uses entries, so that `__proto__` is an ordinary name. */
const assign = (value: JsonObject, name: string, member: Json): JsonObject =>
  Object.fromEntries([...Object.entries(value).filter(([key]) => key !== name), [name, member]]);
