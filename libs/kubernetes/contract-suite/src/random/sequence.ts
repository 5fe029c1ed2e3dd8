import type { Json, JsonObject } from '#kernel';
import { get, type Case, type Step } from '#sandbox-cluster/cases';
import { diceOf, type Dice } from '#testing';
import { isObject, items, part } from '../shown.ts';
import { drawValue, joined, pointerOf, treeWith, type Leaf } from './fields.ts';
import { RANDOM_KINDS, type RandomKind } from './kinds.ts';

const STEPS = 20;
const NAMES = ['a', 'b'] as const;
const MANAGERS = ['one', 'two'] as const;

/** Generates twenty random writes to a few objects from the schemas, followed by a list of the remaining objects. */
export function randomCase(seed: number): Case {
  const dice = diceOf(seed);
  const kinds = [dice.pick(RANDOM_KINDS), dice.pick(RANDOM_KINDS)];
  const steps = Array.from({ length: STEPS }, (): Step => ({
    ...drawStep(dice, dice.pick(kinds)),
    only: withoutControllers,
  }));
  const collections = [...new Set(kinds.map(({ collection }) => collection))];
  const looks = collections.map((collection) =>
    get(collection, {
      only: (body) =>
        items(body)
          .filter((item) => NAMES.some((name) => name === part(item, 'metadata', 'name')))
          .map(withoutControllers),
    }),
  );
  return { area: 'random', name: `seed ${seed}`, steps: [...steps, ...looks] };
}

function drawStep(dice: Dice, kind: RandomKind): Step {
  const name = dice.pick(NAMES);
  const path = `${kind.collection}/${name}`;
  switch (dice.below(12)) {
    case 0:
    case 1:
    case 2:
      return {
        method: 'POST',
        path: `${kind.collection}?fieldManager=maker`,
        body: joined(kind.object(name), fieldsOf(dice, kind)),
      };
    case 3:
    case 4:
    case 5:
    case 6:
      return applied(dice, kind, name);
    case 7:
      return patched(
        path,
        'merge',
        joined(identity(kind, name), dice.oneIn(4) ? removal(dice, kind) : fieldsOf(dice, kind)),
      );
    case 8:
      return patched(path, 'strategic', dice.oneIn(4) ? removal(dice, kind) : fieldsOf(dice, kind));
    case 9:
      return patched(path, 'json', operations(dice, kind));
    case 10:
      return kind.scalable
        ? {
            method: 'PATCH',
            path: `${path}/scale?fieldManager=scaler`,
            type: TYPES.merge,
            body: { spec: { replicas: 0 } },
          }
        : { method: 'GET', path };
    default:
      return { method: 'DELETE', path };
  }
}

const TYPES = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
} as const;
const patched = (path: string, type: keyof typeof TYPES, body: Json): Step => ({
  method: 'PATCH',
  path: `${path}?fieldManager=${type}`,
  type: TYPES[type],
  body,
});

/** Applies a complete object or a few fields, as one of two managers, with or without force. */
function applied(dice: Dice, kind: RandomKind, name: string): Step {
  const whole = !dice.oneIn(3);
  const body = joined(whole ? kind.object(name) : identity(kind, name), fieldsOf(dice, kind));
  return {
    method: 'PATCH',
    path: `${kind.collection}/${name}?fieldManager=${dice.pick(MANAGERS)}${dice.oneIn(2) ? '&force=true' : ''}`,
    type: 'application/apply-patch+yaml',
    body,
  };
}

function identity(kind: RandomKind, name: string): JsonObject {
  const { apiVersion, kind: word } = kind.object(name);
  return { apiVersion: apiVersion ?? '', kind: word ?? '', metadata: { name } };
}

function drawLeaf(dice: Dice, kind: RandomKind): Leaf {
  return dice.pick(kind.leaves());
}

/** Returns one to three fields with values. */
function fieldsOf(dice: Dice, kind: RandomKind): Json {
  let tree: Json = {};
  for (let count = 1 + dice.below(3); count > 0; count -= 1) {
    const leaf = drawLeaf(dice, kind);
    tree = joined(tree, treeWith(leaf.way, drawValue(dice, leaf)));
  }
  return tree;
}

/** Returns a patch that removes one field, outside of lists, which a merge patch would replace. */
function removal(dice: Dice, kind: RandomKind): Json {
  const leaves = kind.leaves().filter(({ way }) => way.every((step) => typeof step === 'string'));
  return treeWith(dice.pick(leaves).way, null);
}

function operations(dice: Dice, kind: RandomKind): Json {
  const leaf = drawLeaf(dice, kind);
  const path = pointerOf(leaf.way);
  const op = dice.pick(['add', 'replace', 'remove', 'test'] as const);
  return [op === 'remove' ? { op, path } : { op, path, value: drawValue(dice, leaf) }];
}

const PROGRAMS = new Set(['controllers', 'kube-controller-manager']);

/**
 * Returns whether an entry was split off by a write to the scale endpoint. Such an entry exists only until the next
 * write.
 */
const isPassing = (entry: Json): boolean =>
  part(entry, 'time') === undefined && part(entry, 'subresource') === undefined;

/** Removes from an object what controllers add at any time. */
function withoutControllers(body: JsonObject): Json {
  if (body['kind'] === 'Status' || !isObject(body['metadata'])) return body;
  const { status: _status, ...object } = body;
  const { annotations, managedFields, resourceVersion: _version, ...metadata } = body['metadata'];
  const kept = isObject(annotations)
    ? Object.entries(annotations).filter(([name]) => !name.startsWith('deployment.kubernetes.io/'))
    : [];
  const managers = Array.isArray(managedFields)
    ? (managedFields as readonly Json[]).filter(
        (entry) => !PROGRAMS.has(String(part(entry, 'manager'))) && !isPassing(entry),
      )
    : [];
  return {
    ...object,
    metadata: {
      ...metadata,
      ...(kept.length > 0 && { annotations: Object.fromEntries(kept) }),
      ...(managers.length > 0 && { managedFields: managers }),
    },
  };
}
