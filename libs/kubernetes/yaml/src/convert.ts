import { isAlias, isMap, isPair, isScalar, isSeq, type Document, type Node } from 'yaml';
import { readPlain, readTagged } from './scalar.ts';

export type Path = readonly (string | number)[];

/** An error at an offset, before its line is known. */
export interface Spot {
  readonly offset: number;
  readonly path: Path;
  readonly message: string;
}

export interface Limits {
  readonly maxDepth: number;
  readonly maxAliases: number;
  readonly maxNodes: number;
}

interface Job extends Limits {
  readonly document: Document;
  readonly faults: Spot[];
  readonly warnings: Spot[];
  readonly dropEmptyKeys: boolean;
  aliases: number;
  nodes: number;
  /** Anchors that are being expanded, to detect references to themselves. */
  readonly expanding: Set<Node>;
}

const MAP_TAGS = [undefined, '!', 'tag:yaml.org,2002:map'];
const SEQ_TAGS = [undefined, '!', 'tag:yaml.org,2002:seq'];
const FORBIDDEN_KEYS = ['__proto__', 'constructor', 'prototype'];
const ENOUGH_FAULTS = 50;
const ENOUGH_WARNINGS = 50;

export interface Converted {
  readonly value: unknown;
  readonly faults: readonly Spot[];
  readonly warnings: readonly Spot[];
  /** Number of values, including those of earlier documents. */
  readonly nodes: number;
}

/**
 * Converts a document to JSON. Collects errors and warnings, at most 50 of each.
 * @param limits.nodes number of values in earlier documents, since all documents of a text share `maxNodes`
 */
export function convert(
  document: Document,
  limits: Limits & { readonly dropEmptyKeys: boolean; readonly nodes: number },
): Converted {
  const job: Job = { ...limits, document, faults: [], warnings: [], aliases: 0, expanding: new Set() };
  const value = valueOf(document.contents, [], job);
  return { value, faults: job.faults, warnings: job.warnings, nodes: job.nodes };
}

const offsetOf = (node: unknown): number =>
  isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? (node.range?.[0] ?? 0) : 0;

function fault(job: Job, node: unknown, path: Path, message: string): null {
  if (job.faults.length < ENOUGH_FAULTS) job.faults.push({ offset: offsetOf(node), path, message });
  return null;
}

function valueOf(node: unknown, path: Path, job: Job): unknown {
  if (job.faults.length >= ENOUGH_FAULTS) return null;
  if (++job.nodes > job.maxNodes) {
    return job.nodes === job.maxNodes + 1
      ? fault(job, node, path, `the document has more than ${job.maxNodes} values`)
      : null;
  }
  if (path.length > job.maxDepth)
    return fault(job, node, path.slice(0, job.maxDepth), `values are nested deeper than ${job.maxDepth}`);
  if (isAlias(node)) {
    const target = node.resolve(job.document);
    if (!target) return fault(job, node, path, `unknown anchor ${node.source}`);
    if (++job.aliases > job.maxAliases)
      return job.aliases === job.maxAliases + 1
        ? fault(job, node, path, `the document has more than ${job.maxAliases} aliases`)
        : null;
    if (job.expanding.has(target)) return fault(job, node, path, `the anchor ${node.source} contains itself`);
    job.expanding.add(target);
    const value = valueOf(target, path, job);
    job.expanding.delete(target);
    return value;
  }
  if (isMap(node)) return mapOf(node, path, job);
  if (isSeq(node)) {
    if (!SEQ_TAGS.includes(node.tag) && node.tag !== undefined)
      return fault(job, node, path, `the tag ${node.tag} is not supported`);
    return node.items.map((item, index) => valueOf(item, [...path, index], job));
  }
  if (isScalar(node)) return scalarOf(node, path, job);
  return node === null || node === undefined ? null : fault(job, node, path, 'expected a map, a list, or a scalar');
}

function scalarOf(node: unknown, path: Path, job: Job): null | boolean | number | string {
  if (!isScalar(node)) return null;
  const source = node.source ?? '';
  if (source.includes('\u0000')) return fault(job, node, path, 'text must not contain NUL characters');
  if (node.tag !== undefined) {
    const reading = readTagged(node.tag, source);
    return reading.ok ? reading.value : fault(job, node, path, reading.message);
  }
  if (node.type !== 'PLAIN') return source;
  const reading = readPlain(source);
  if (!reading.ok) return fault(job, node, path, reading.message);
  if (reading.surprise !== undefined && job.warnings.length < ENOUGH_WARNINGS)
    job.warnings.push({
      offset: offsetOf(node),
      path,
      message: `${source} is read as ${String(reading.value)}, as kubectl does; quote it if ${reading.surprise} is meant`,
    });
  return reading.value;
}

function mapOf(node: unknown, path: Path, job: Job): unknown {
  if (!isMap(node)) return null;
  if (!MAP_TAGS.includes(node.tag) && node.tag !== undefined)
    return fault(job, node, path, `the tag ${node.tag} is not supported`);
  const result: Record<string, unknown> = {};
  const merged: Record<string, unknown> = {};
  for (const pair of node.items) {
    if (!isPair(pair)) continue;
    const key = pair.key;
    if (isScalar(key) && key.type === 'PLAIN' && key.source === '<<') {
      for (const [name, value] of mergeOf(pair.value, path, job))
        if (!Object.hasOwn(merged, name)) merged[name] = value;
      continue;
    }
    if (!isScalar(key)) {
      fault(job, key ?? node, path, 'a key must be a scalar');
      continue;
    }
    const name = String(scalarOf(key, path, job));
    if (FORBIDDEN_KEYS.includes(name)) fault(job, key, path, `the key ${name} is not allowed`);
    else if (Object.hasOwn(result, name)) fault(job, key, [...path, name], `duplicate key ${name}`);
    else if (job.dropEmptyKeys && isEmpty(pair.value)) continue;
    else result[name] = valueOf(pair.value, [...path, name], job);
  }
  return { ...merged, ...result };
}

const isEmpty = (node: unknown): boolean =>
  node === null ||
  node === undefined ||
  (isScalar(node) && node.type === 'PLAIN' && node.tag === undefined && (node.source ?? '') === '');

/** Returns the members that `<<: *base` or `<<: [*a, *b]` adds. Earlier ones take precedence. */
function mergeOf(node: unknown, path: Path, job: Job): readonly (readonly [string, unknown])[] {
  const value = valueOf(node, path, job);
  const sources = Array.isArray(value) ? value : [value];
  return sources.flatMap((source: unknown) => {
    if (typeof source === 'object' && source !== null && !Array.isArray(source)) return Object.entries(source);
    fault(job, node, path, 'only maps can be merged with <<');
    return [];
  });
}

/** Returns the node at a path, with aliases resolved, and the `key` of the node. */
export function nodeAt(document: Document, path: Path): { readonly node: unknown; readonly key: unknown } | undefined {
  let here: unknown = document.contents;
  let key: unknown;
  for (const step of path) {
    if (isAlias(here)) here = here.resolve(document);
    if (isSeq(here) && typeof step === 'number') {
      [key, here] = [undefined, here.items[step]];
    } else if (isMap(here)) {
      const pair = here.items.find(
        (item) =>
          isScalar(item.key) &&
          keyName(item.key.source ?? '', item.key.type === 'PLAIN' && item.key.tag === undefined) === String(step),
      );
      if (!pair) return undefined;
      [key, here] = [pair.key, pair.value];
    } else return undefined;
  }
  return here === undefined ? undefined : { node: here, key };
}

function keyName(source: string, plain: boolean): string {
  if (!plain) return source;
  const reading = readPlain(source);
  return reading.ok ? String(reading.value) : source;
}
