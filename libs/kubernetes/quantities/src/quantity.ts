/** A resource quantity with a resolution of 10⁻⁹, like `resource.Quantity` of Kubernetes. */
export interface Quantity {
  /** Value in units of 10⁻⁹. Smaller parts are rounded away from zero. */
  readonly nano: bigint;
  readonly format: 'decimal' | 'binary' | 'exponent';
  /** The original text, if its number and exponent are canonical: the server then keeps it, even `+1` or `1E3`. */
  readonly text?: string;
}

const SYNTAX = /^([+-]?)(\d+(?:\.\d*)?|\.\d+)(|n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?\d{1,3})$/;
const DECIMAL = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const NANO = 1_000_000_000n;
const MILLI = 1_000_000n;
const BINARY_CAP = ((1n << 63n) - 1n) * NANO;

/**
 * Parses a quantity. JSON numbers count as text without a suffix.
 * @returns undefined if the text is invalid
 */
export function parseQuantity(value: string | number): Quantity | undefined {
  const text = typeof value === 'number' ? String(value) : value;
  const parts = text.length > 64 ? null : SYNTAX.exec(text);
  if (!parts) return undefined;
  const [, sign, number = '', suffix = ''] = parts;
  const [whole = '', fraction = ''] = number.split('.');
  const digits = BigInt(`${whole}${fraction}`);
  const decimal = DECIMAL.indexOf(suffix);
  const binary = suffix === '' ? -1 : BINARY.indexOf(suffix);
  const exponent = binary > 0 ? 0 : decimal >= 0 ? decimal * 3 - 9 : Number(suffix.slice(1));
  const numerator = digits * (binary > 0 ? 1024n ** BigInt(binary) : 1n) * NANO * 10n ** BigInt(Math.max(exponent, 0));
  const denominator = 10n ** BigInt(fraction.length + Math.max(-exponent, 0));
  const rounded = (numerator + denominator - 1n) / denominator;
  const nano = binary > 0 && rounded > BINARY_CAP ? BINARY_CAP : rounded;
  const settled = binary <= 0 && fraction === '' && exponent % 3 === 0 && exponent >= -9 && digits % 1000n !== 0n;
  return {
    nano: sign === '-' ? -nano : nano,
    format: binary > 0 ? 'binary' : decimal >= 0 ? 'decimal' : 'exponent',
    ...(settled ? { text } : {}),
  };
}

/** Rounds away from zero to thousandths, as the server stores amounts of a resource list. */
function roundToMilli(quantity: Quantity): Quantity {
  const { nano, format } = quantity;
  if (nano % MILLI === 0n) return quantity;
  const size = nano < 0n ? -nano : nano;
  const rounded = ((size + MILLI - 1n) / MILLI) * MILLI;
  return { nano: nano < 0n ? -rounded : rounded, format };
}

/** Formats a quantity as a server does: `1000m` → `1`, `1024Mi` → `1Gi`, `1000` → `1k`, `1.5Gi` → `1536Mi`. */
export function formatQuantity({ nano, format, text }: Quantity): string {
  if (text !== undefined) return text;
  if (nano === 0n) return '0';
  const sign = nano < 0n ? '-' : '';
  const size = nano < 0n ? -nano : nano;
  if (format === 'binary' && size >= 1024n * NANO && size % NANO === 0n) {
    let mantissa = size / NANO;
    let power = 0;
    while (mantissa % 1024n === 0n && power < BINARY.length - 1) {
      mantissa /= 1024n;
      power += 1;
    }
    return `${sign}${mantissa}${BINARY[power]}`;
  }
  let mantissa = size;
  let exponent = -9;
  while (mantissa % 1000n === 0n && (format === 'exponent' || exponent < 18)) {
    mantissa /= 1000n;
    exponent += 3;
  }
  if (format === 'exponent') return exponent === 0 ? `${sign}${mantissa}` : `${sign}${mantissa}e${exponent}`;
  return `${sign}${mantissa}${DECIMAL[exponent / 3 + 3]}`;
}

/**
 * Returns the canonical form that a server stores; `undefined` if the text is not a quantity.
 * @param options.milli whether it is in a resource list (requests, limits, hard, capacity), where the resolution is
 * 0.001
 */
export function canonicalQuantity(
  value: string | number,
  options: { readonly milli?: boolean } = {},
): string | undefined {
  const parsed = parseQuantity(value);
  return parsed && formatQuantity(options.milli === true ? roundToMilli(parsed) : parsed);
}

/**
 * Compares two quantities.
 * @returns a negative number, zero, or a positive number; `undefined` if one is invalid
 */
export function compareQuantities(left: string | number, right: string | number): number | undefined {
  const [a, b] = [parseQuantity(left), parseQuantity(right)];
  if (!a || !b) return undefined;
  return a.nano < b.nano ? -1 : a.nano > b.nano ? 1 : 0;
}
