import { err, ok, type Json, type Result } from '#kernel';
import type { ResourceData } from '#kubernetes/schemas';
import type { ApiStatus } from '../controller.ts';
import { isObject, type KubeObject } from '../store.ts';
import { badRequest } from './status.ts';
import { labelValue, qualifiedName } from './validation/words.ts';
import { ruleKind } from './names.ts';

export type Matcher = (object: KubeObject) => boolean;

export interface Selector {
  readonly matches: Matcher;
  /** Labels that must be equal; the store's index uses them. */
  readonly equal: { readonly [key: string]: string };
}

const EVERYTHING: Selector = { matches: () => true, equal: {} };

class Unparsable extends Error {}

/** Splits a label selector into tokens. */
function tokensOf(text: string): string[] {
  return text.match(/==|!=|[=!<>(),]|[^\s=!<>(),]+/g) ?? [];
}

const SIGNS = new Set(['=', '==', '!=', '<', '>', '(', ')', ',', '!']);
const isWord = (token: string | undefined): token is string => token !== undefined && !SIGNS.has(token);

/** Parses a label selector (`app=web,tier!=db,env in (a,b),!old`), with the error messages of the server's parser. */
export function labelSelector(text: string | null): Result<Selector, ApiStatus> {
  if (text === null || text.trim() === '') return ok(EVERYTHING);
  const tokens = tokensOf(text);
  const equal: { [key: string]: string } = {};
  const requirements: Matcher[] = [];
  let at = 0;
  try {
    for (;;) {
      if (!isWord(tokens[at]) && tokens[at] !== '!')
        throw new Unparsable(`found '${tokens[at] ?? ''}', expected: !, identifier, or 'end of string'`);
      at = requirement(tokens, at, { requirements, equal });
      if (at >= tokens.length) break;
      if (tokens[at] !== ',') throw new Unparsable(`found '${tokens[at] ?? ''}', expected: ',' or 'end of string'`);
      at += 1;
      if (!isWord(tokens[at]) && tokens[at] !== '!')
        throw new Unparsable(`found '${tokens[at] ?? ''}', expected: identifier after ','`);
    }
  } catch (fault) {
    if (fault instanceof Unparsable) return err(badRequest(fault.message));
    throw fault;
  }
  return ok({ matches: (object) => requirements.every((matches) => matches(object)), equal });
}

/**
 * Parses one requirement.
 * @returns the position of the next token
 */
function requirement(
  tokens: readonly string[],
  from: number,
  into: { readonly requirements: Matcher[]; readonly equal: { [key: string]: string } },
): number {
  let at = from;
  const isNegated = tokens[at] === '!';
  if (isNegated) at += 1;
  const key = tokens[at];
  if (!isWord(key)) throw new Unparsable(`unable to parse requirement: found '${key ?? ''}', expected: identifier`);
  checkWord(key, qualifiedName(key));
  at += 1;
  const has = ({ metadata }: KubeObject) => Object.hasOwn(metadata.labels ?? {}, key);
  const value = ({ metadata }: KubeObject) => metadata.labels?.[key];
  const next = tokens[at];
  if (isNegated || next === undefined || next === ',') {
    into.requirements.push((object) => has(object) !== isNegated);
    return at;
  }
  switch (next) {
    case '=':
    case '==':
    case '!=': {
      const wanted = isWord(tokens[at + 1]) ? (tokens[at + 1] ?? '') : '';
      checkWord(wanted, labelValue(wanted));
      if (next === '!=') into.requirements.push((object) => value(object) !== wanted);
      else {
        into.equal[key] = wanted;
        into.requirements.push((object) => value(object) === wanted);
      }
      return at + (wanted === '' ? 1 : 2);
    }
    case '>':
    case '<': {
      const bound = tokens[at + 1] ?? '';
      if (!/^-?\d+$/.test(bound))
        throw new Unparsable(
          `unable to parse requirement: values[0][${key}]: Invalid value: ${JSON.stringify(bound)}: for 'Gt', 'Lt' operators, the value must be an integer`,
        );
      into.requirements.push(
        (object) =>
          /^-?\d+$/.test(value(object) ?? '') &&
          (next === '>' ? Number(value(object)) > Number(bound) : Number(value(object)) < Number(bound)),
      );
      return at + 2;
    }
    case 'in':
    case 'notin': {
      const { words, end } = valuesOf(tokens, at + 1);
      const isIn = next === 'in';
      into.requirements.push((object) =>
        isIn ? has(object) && words.has(value(object) ?? '') : !words.has(value(object) ?? '\u0000'),
      );
      return end;
    }
    default:
      throw new Unparsable(`unable to parse requirement: found '${next}', expected: in, notin, =, ==, !=, gt, lt`);
  }
}

function valuesOf(
  tokens: readonly string[],
  from: number,
): { readonly words: ReadonlySet<string>; readonly end: number } {
  if (tokens[from] !== '(')
    throw new Unparsable(`unable to parse requirement: found '${tokens[from] ?? ''}' expected: '('`);
  const words = new Set<string>();
  let at = from + 1;
  let wantsWord = true;
  for (; tokens[at] !== ')'; at += 1) {
    const token = tokens[at];
    if (token === ',') {
      if (wantsWord) words.add('');
      wantsWord = true;
    } else if (isWord(token) && wantsWord) {
      words.add(token);
      wantsWord = false;
    } else throw new Unparsable(`unable to parse requirement: found '${token ?? ''}', expected: ',' or ')'`);
  }
  if (wantsWord) words.add('');
  return { words, end: at + 1 };
}

function checkWord(word: string, faults: readonly string[]): void {
  if (faults.length > 0)
    throw new Unparsable(
      `unable to parse requirement: <nil>: Invalid value: ${JSON.stringify(word)}: ${faults.join('; ')}`,
    );
}

/** Selectable fields of each kind, in addition to name and namespace. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  Event: [
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'involvedObject.apiVersion',
    'involvedObject.resourceVersion',
    'involvedObject.fieldPath',
    'reason',
    'reportingComponent',
    'source',
    'type',
  ],
  Job: ['status.successful'],
  Namespace: ['status.phase'],
  Node: ['spec.unschedulable'],
  Pod: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.podIPs',
    'status.nominatedNodeName',
  ],
  ReplicaSet: ['status.replicas'],
  ReplicationController: ['status.replicas'],
  Secret: ['type'],
  Service: ['spec.clusterIP', 'spec.type'],
};

/** Paths of selectable fields that differ from the field's name. */
const PLACES: Readonly<Record<string, readonly string[]>> = {
  source: ['source', 'component'],
  'status.successful': ['status', 'succeeded'],
};

/** Parses a field selector (`metadata.name=web,status.phase!=Running`). */
export function fieldSelector(text: string | null, resource: ResourceData): Result<Matcher, ApiStatus> {
  const kind = ruleKind(resource);
  if (text === null || text.trim() === '') return ok(() => true);
  const requirements: Matcher[] = [];
  for (const part of text.split(',')) {
    if (part === '') continue;
    const [, field = '', operator, value = ''] = /^([^=!]+)(==|=|!=)(.*)$/.exec(part) ?? [];
    if (operator === undefined) return err(badRequest(`invalid selector: '${text}'; can't understand '${part}'`));
    const known = FIELDS[kind];
    if (field !== 'metadata.name' && field !== 'metadata.namespace' && !(known ?? []).includes(field))
      return err(badRequest(resource.custom ? `field label not supported: ${field}` : unsupported(kind, field, known)));
    const path = PLACES[field] ?? field.split('.');
    requirements.push((object) => {
      const found = path.reduce<Json | undefined>((here, step) => (isObject(here) ? here[step] : undefined), object);
      return (found === undefined || found === null ? '' : String(found)) === value
        ? operator !== '!='
        : operator === '!=';
    });
  }
  return ok((object) => requirements.every((matches) => matches(object)));
}

function unsupported(kind: string, field: string, known: readonly string[] | undefined): string {
  if (kind === 'Job') return `field label "${field}" not supported for Job`;
  return known
    ? `field label not supported: ${field}`
    : `"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`;
}
