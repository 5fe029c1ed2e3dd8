import type { Json, JsonObject } from '#kernel';
import { isObject } from '../../store.ts';
import { causes, type Cause } from '../status.ts';

/** Validates a single word. Returns the server's own error messages; none if the word is valid. */
export type WordRule = (text: string) => readonly string[];

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL_TEXT =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN_TEXT =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const WILDCARD_TEXT =
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const KEY_NAME = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const KEY_TEXT =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;
const VALUE_TEXT =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const CONFIG_KEY_TEXT =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
const PERCENT_TEXT =
  "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";

const tooLong = (text: string, most: number, unit = 'characters'): string[] =>
  text.length > most ? [`must be no more than ${most} ${unit}`] : [];

export const dnsLabel: WordRule = (text) => {
  if (text.includes('.') && SUBDOMAIN.test(text)) return [...tooLong(text, 63), 'must not contain dots'];
  return [...tooLong(text, 63), ...(LABEL.test(text) ? [] : [LABEL_TEXT])];
};
export const dnsSubdomain: WordRule = (text) => [
  ...tooLong(text, 253),
  ...(SUBDOMAIN.test(text) ? [] : [SUBDOMAIN_TEXT]),
];
export const wildcardHost: WordRule = (text) =>
  SUBDOMAIN.test(text.slice(2)) && text.startsWith('*.') ? [] : [WILDCARD_TEXT];
export const pathSegment: WordRule = (text) => {
  if (text === '.' || text === '..') return [`may not be '${text}'`];
  return ['/', '%'].filter((sign) => text.includes(sign)).map((sign) => `may not contain '${sign}'`);
};
export const portName: WordRule = (text) => [
  ...tooLong(text, 15),
  ...(/^[-a-z0-9]*$/.test(text) ? [] : ['must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)']),
  ...(/[a-z]/.test(text) ? [] : ['must contain at least one letter (a-z)']),
  ...(text.includes('--') ? ['must not contain consecutive hyphens'] : []),
  ...(text.startsWith('-') || text.endsWith('-') ? ['must not begin or end with a hyphen'] : []),
];
export const configKey: WordRule = (text) => {
  if (text === '.') return ["must not be '.'"];
  if (text === '..') return ["must not be '..'"];
  return [
    ...tooLong(text, 253),
    ...(/^[-._a-zA-Z0-9]+$/.test(text) ? [] : [CONFIG_KEY_TEXT]),
    ...(text.startsWith('..') ? ["must not start with '..'"] : []),
  ];
};

/** Validates keys of labels, annotations, and selectors: an optional DNS prefix, and a name. */
export const qualifiedName: WordRule = (text) => {
  const parts = text.split('/');
  const [prefix, name] = parts.length === 1 ? [undefined, text] : [parts[0] ?? '', parts[1] ?? ''];
  if (parts.length > 2)
    return [
      "a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
    ];
  return [
    ...(prefix === undefined
      ? []
      : prefix === ''
        ? ['prefix part must be non-empty']
        : dnsSubdomain(prefix).map((fault) => `prefix part ${fault}`)),
    ...(name === '' ? ['name part must be non-empty'] : tooLong(name, 63).map((fault) => `name part ${fault}`)),
    ...(KEY_NAME.test(name) ? [] : [KEY_TEXT]),
  ];
};
export const labelValue: WordRule = (text) => [
  ...tooLong(text, 63, 'bytes'),
  ...(VALUE.test(text) ? [] : [VALUE_TEXT]),
];

// Functions that read a decoded object. A missing value is read as empty.

export const tree = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});
export const list = (value: Json | undefined): readonly Json[] =>
  Array.isArray(value) ? (value as readonly Json[]) : [];
export const trees = (value: Json | undefined): readonly JsonObject[] => list(value).map(tree);
export const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '');
export const entries = (value: Json | undefined): readonly (readonly [string, Json])[] =>
  Object.entries(tree(value)).flatMap(([key, member]) => (member === undefined ? [] : [[key, member] as const]));
export const at = (value: Json | undefined, ...path: readonly string[]): Json | undefined =>
  path.reduce<Json | undefined>((here, step) => tree(here)[step], value);

// Causes that several rules share.

export const word = (value: string, field: string, rule: WordRule): Cause[] =>
  rule(value).map((fault) => causes.invalid(field, value, fault));
export const oneOf = (value: Json | undefined, field: string, supported: readonly string[]): Cause[] =>
  value === undefined || supported.includes(text(value)) ? [] : [causes.unsupported(field, value, supported)];
export const notNegative = (value: Json | undefined, field: string): Cause[] =>
  typeof value === 'number' && value < 0 ? [causes.invalid(field, value, 'must be greater than or equal to 0')] : [];
export const portNumber = (value: Json | undefined, field: string): Cause[] =>
  typeof value === 'number' && value >= 1 && value <= 65_535
    ? []
    : [causes.invalid(field, value ?? 0, 'must be between 1 and 65535, inclusive')];

/** Validates a port number or port name. */
export function portOrName(value: Json | undefined, field: string): Cause[] {
  return typeof value === 'string' ? word(value, field, portName) : portNumber(value, field);
}

/**
 * Validates a number or a percentage.
 * @param options.atMostAll whether to refuse more than 100 %
 */
export function countOrShare(
  value: Json | undefined,
  field: string,
  { atMostAll }: { readonly atMostAll: boolean },
): Cause[] {
  if (value === undefined) return [];
  if (typeof value === 'number') return notNegative(value, field);
  const share = /^(\d+)%$/.exec(text(value))?.[1];
  if (share === undefined) return [causes.invalid(field, value, PERCENT_TEXT)];
  return atMostAll && Number(share) > 100 ? [causes.invalid(field, value, 'must not be greater than 100%')] : [];
}

export const labelMap = (labels: Json | undefined, field: string): Cause[] =>
  entries(labels).flatMap(([key, value]) => [
    ...word(key, field, qualifiedName),
    ...word(text(value), field, labelValue),
  ]);

/** Validates a label selector and its expressions. */
export function labelSelector(selector: Json | undefined, field: string): Cause[] {
  const expressions = trees(at(selector, 'matchExpressions'));
  return [
    ...labelMap(at(selector, 'matchLabels'), `${field}.matchLabels`),
    ...expressions.flatMap((expression, index) => {
      const place = `${field}.matchExpressions[${index}]`;
      const operator = text(expression['operator']);
      const count = list(expression['values']).length;
      return [
        ...(operator === 'In' || operator === 'NotIn'
          ? count === 0
            ? [causes.required(`${place}.values`, "must be specified when `operator` is 'In' or 'NotIn'")]
            : []
          : operator === 'Exists' || operator === 'DoesNotExist'
            ? count > 0
              ? [
                  causes.forbidden(
                    `${place}.values`,
                    "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
                  ),
                ]
              : []
            : [causes.invalid(`${place}.operator`, operator, 'not a valid selector operator')]),
        ...word(text(expression['key']), `${place}.key`, qualifiedName),
      ];
    }),
  ];
}

/** Returns whether a selector matches labels; undefined if the selector is invalid. */
export function selects(selector: Json | undefined, labels: Json | undefined): boolean | undefined {
  if (labelSelector(selector, '').length > 0) return undefined;
  const has = (key: string) => tree(labels)[key] !== undefined;
  const value = (key: string) => text(tree(labels)[key]);
  return (
    entries(at(selector, 'matchLabels')).every(([key, wanted]) => has(key) && value(key) === wanted) &&
    trees(at(selector, 'matchExpressions')).every(({ key, operator, values }) => {
      const name = text(key);
      switch (operator) {
        case 'In':
          return has(name) && list(values).includes(value(name));
        case 'NotIn':
          return !has(name) || !list(values).includes(value(name));
        case 'Exists':
          return has(name);
        default:
          return !has(name);
      }
    })
  );
}
