import type { Json } from '#kernel';
import { isObject } from '../store.ts';

type Step =
  | { readonly kind: 'member'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'all' }
  | { readonly kind: 'where'; readonly name: string; readonly value: string };

const STEP =
  /^(?:\.((?:[^.[\]\\]|\\.)+)|\[(\d+)\]|\[\*\]|\['((?:[^'\\]|\\.)*)'\]|\[\?\(@\.([\w-]+)\s*==\s*["']([^"']*)["']\)\])/;

/**
 * Returns the first value at a JSONPath of a printer column: `.spec.size`,
 * `.status.conditions[?(@.type=="Ready")].status`.
 * @returns undefined if there is no value, or if the path uses unsupported syntax
 */
export function valueAtPath(object: Json, path: string): Json | undefined {
  const steps = stepsOf(path);
  return steps?.reduce<readonly Json[]>((found, step) => found.flatMap((value) => take(value, step)), [object])[0];
}

function stepsOf(path: string): readonly Step[] | undefined {
  const steps: Step[] = [];
  for (let rest = path; rest !== '';) {
    const [whole, member, index, quoted, name, value] = STEP.exec(rest) ?? [];
    if (whole === undefined) return undefined;
    const named = member ?? quoted;
    if (named !== undefined) steps.push({ kind: 'member', name: named.replaceAll(/\\(.)/g, '$1') });
    else if (index !== undefined) steps.push({ kind: 'index', index: Number(index) });
    else if (name !== undefined) steps.push({ kind: 'where', name, value: value ?? '' });
    else steps.push({ kind: 'all' });
    rest = rest.slice(whole.length);
  }
  return steps;
}

function take(value: Json, step: Step): readonly Json[] {
  const list = Array.isArray(value) ? (value as readonly Json[]) : [];
  const one = (found: Json | undefined): readonly Json[] => (found === undefined ? [] : [found]);
  switch (step.kind) {
    case 'member':
      return isObject(value) ? one(value[step.name]) : [];
    case 'index':
      return one(list[step.index]);
    case 'all':
      return list;
    case 'where':
      return list.filter((item) => isObject(item) && String(item[step.name]) === step.value);
  }
}
