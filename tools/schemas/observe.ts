import { canonicalJson, type Json } from '#kernel';
import type { SchemaNode } from '#kubernetes/schemas';

/** Values that the server added for absent fields, as canonical JSON; '' for none. */
export type Observations = Map<string, Map<string, Set<string>>>;

/** A time that the server added is not a default, and differs in each recording. Samples use only midnight. */
const NOW = /"\d{4}-\d\d-\d\dT(?!00:00:00)[^"]*Z"/;

type Tree = { readonly [key: string]: Json | undefined };
const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Compares a request with its response and records what the server added, by definition and field. */
function observe(node: SchemaNode | undefined, sent: unknown, got: unknown, notes: Observations): void {
  if (!node) return;
  if (node.shape === 'list' && Array.isArray(sent) && Array.isArray(got)) {
    sent.forEach((element, index) => observe(node.element, element, got[index], notes));
    return;
  }
  if (!isTree(sent) || !isTree(got)) return;
  if (node.shape === 'map') {
    for (const key of Object.keys(sent)) observe(node.element, sent[key], got[key], notes);
    return;
  }
  if (node.shape !== 'object') return;
  for (const name of node.fields) {
    if (sent[name] !== undefined) observe(node.field(name), sent[name], got[name], notes);
    else if (node.definition !== undefined)
      note(notes, node.definition, name, got[name] === undefined ? '' : canonicalJson(got[name]));
  }
}

/** Observes a root object. Metadata of the server is not a default. */
export function observeObject(root: SchemaNode | undefined, sent: Tree, got: Tree, notes: Observations): void {
  const { metadata: _sentMetadata, ...sentRest } = sent;
  const { metadata: _gotMetadata, ...gotRest } = got;
  observe(root, { ...sentRest, metadata: 'skip' }, { ...gotRest, metadata: 'skip' }, notes);
}

function note(notes: Observations, definition: string, field: string, value: string): void {
  const fields = notes.get(definition) ?? new Map<string, Set<string>>();
  const values = fields.get(field) ?? new Set<string>();
  if (NOW.test(value)) values.add('').add('now');
  else values.add(value);
  notes.set(definition, fields.set(field, values));
}

/**
 * Evaluates the observations: a value that never changes is a default; several values, or sometimes none, are
 * conditional.
 */
export function conclude(notes: Observations) {
  const defaults: Record<string, { field: string; value: Json }[]> = {};
  const conditional: Record<string, string[]> = {};
  for (const [definition, fields] of [...notes].sort(([a], [b]) => (a < b ? -1 : 1))) {
    for (const [field, values] of [...fields].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const [only] = values;
      if (values.size > 1) (conditional[definition] ??= []).push(field);
      else if (only !== undefined && only !== '')
        (defaults[definition] ??= []).push({ field, value: JSON.parse(only) as Json });
    }
  }
  return { defaults, conditional };
}
