/** Value of a scalar as kubectl reads it, or an error. */
export type ScalarReading =
  | {
      readonly ok: true;
      readonly value: null | boolean | number | string;
      /** Value that YAML 1.2 would read instead. */ readonly surprise?: string;
    }
  | { readonly ok: false; readonly message: string };

const TRUE = /^(?:y|Y|yes|Yes|YES|true|True|TRUE|on|On|ON)$/;
const FALSE = /^(?:n|N|no|No|NO|false|False|FALSE|off|Off|OFF)$/;
const CORE_BOOLEAN = /^(?:true|True|TRUE|false|False|FALSE)$/;
const NULL = /^(?:~|null|Null|NULL|)$/;
const NOT_FINITE = /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const INTEGER = /^[-+]?(?:0b[01]+|0o[0-7]+|0x[0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)$/;
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const CORE_NUMBER =
  /^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)$/;

/**
 * Reads a plain (unquoted, untagged) scalar like kubectl: with booleans and octals of YAML 1.1, but without base 60 and
 * dates. Refuses numbers that JSON or a double cannot represent exactly.
 */
export function readPlain(source: string): ScalarReading {
  if (NULL.test(source)) return { ok: true, value: null };
  if (TRUE.test(source) || FALSE.test(source)) {
    const value = TRUE.test(source);
    return CORE_BOOLEAN.test(source) ? { ok: true, value } : { ok: true, value, surprise: `the text "${source}"` };
  }
  if (NOT_FINITE.test(source))
    return { ok: false, message: `${source} is not a number that JSON can hold; quote it if it is a string` };
  const digits = source.replaceAll('_', '');
  if (!/^[-+.0-9]/.test(source) || digits === '') return { ok: true, value: source };
  if (INTEGER.test(digits)) return readInteger(source, digits);
  if (FLOAT.test(digits)) {
    const value = Number(digits);
    if (!Number.isFinite(value))
      return { ok: false, message: `${source} is too large for a number; quote it if it is a string` };
    if (Number.isInteger(value) && !Number.isSafeInteger(value))
      return { ok: false, message: `${source} cannot be represented exactly; quote it if it is a string` };
    return { ok: true, value, ...(source === digits ? {} : { surprise: `the text "${source}"` }) };
  }
  return { ok: true, value: source };
}

function readInteger(source: string, digits: string): ScalarReading {
  const negative = digits.startsWith('-');
  const magnitude = digits.replace(/^[-+]/, '');
  const octal = /^0[0-7]+$/.test(magnitude);
  const exact = BigInt(octal ? `0o${magnitude.slice(1)}` : magnitude);
  if (exact > BigInt(Number.MAX_SAFE_INTEGER))
    return { ok: false, message: `${source} cannot be represented exactly as a number; quote it if it is a string` };
  const value = negative ? -Number(exact) : Number(exact);
  const core = CORE_NUMBER.test(source) ? Number(source) : undefined;
  const surprise = core === undefined ? `the text "${source}"` : core === value ? undefined : `the number ${core}`;
  return { ok: true, value: Object.is(value, -0) ? 0 : value, ...(surprise === undefined ? {} : { surprise }) };
}

const CORE_TAG = 'tag:yaml.org,2002:';

/** Reads a scalar with an explicit tag. Only YAML's own tags for types of JSON are supported. */
export function readTagged(tag: string, source: string): ScalarReading {
  const name = tag === '!' ? 'str' : tag.startsWith(CORE_TAG) ? tag.slice(CORE_TAG.length) : '';
  if (name === 'str' || name === 'timestamp') return { ok: true, value: source };
  if (name === 'binary')
    return { ok: true, value: Buffer.from(source.replaceAll(/\s/g, ''), 'base64').toString('utf8') };
  const plain = readPlain(source);
  if (!plain.ok) return plain;
  const fits =
    (name === 'null' && plain.value === null) ||
    (name === 'bool' && typeof plain.value === 'boolean') ||
    (name === 'float' && typeof plain.value === 'number') ||
    (name === 'int' && Number.isInteger(plain.value));
  if (fits) return { ok: true, value: plain.value };
  return {
    ok: false,
    message: ['null', 'bool', 'float', 'int'].includes(name)
      ? `"${source.slice(0, 40)}" is not of type ${name}`
      : `the tag ${tag.startsWith(CORE_TAG) ? `!!${name}` : tag} is not supported`,
  };
}
