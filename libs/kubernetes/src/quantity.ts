import { canonicalQuantity, parseQuantity } from '#kubernetes/quantities';
import { isRecord, type JsonRecord } from './objects.ts';

/**
 * Converts a quantity to thousandths, rounded away from zero, for exact sums: `100m` → 100n, `1Gi` → 1073741824000n.
 * @returns undefined if the quantity is invalid
 */
export function milliOf(quantity: string | number): bigint | undefined {
  const parsed = parseQuantity(quantity);
  if (!parsed) return undefined;
  const size = parsed.nano < 0n ? -parsed.nano : parsed.nano;
  const milli = (size + 999_999n) / 1_000_000n;
  return parsed.nano < 0n ? -milli : milli;
}

/**
 * Converts quantities in `requests`, `limits`, and `sizeLimit` to the server's canonical form (`1000m` → `1`). Two
 * managers that write the same amount differently would conflict.
 */
export function withCanonicalQuantities<T>(value: T, depth?: number): T;
export function withCanonicalQuantities(value: unknown, depth = 0): unknown {
  if (depth > 64) return value;
  if (Array.isArray(value)) return value.map((item: unknown) => withCanonicalQuantities(item, depth + 1));
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => {
      if ((key === 'requests' || key === 'limits') && isRecord(member)) return [key, amounts(member)];
      if (key === 'sizeLimit' && isAmount(member)) return [key, canonicalQuantity(member) ?? member];
      return [key, withCanonicalQuantities(member, depth + 1)];
    }),
  );
}

const isAmount = (value: unknown): value is string | number => typeof value === 'string' || typeof value === 'number';

const amounts = (given: JsonRecord): JsonRecord =>
  Object.fromEntries(
    Object.entries(given).map(([name, amount]) => [
      name,
      isAmount(amount) ? (canonicalQuantity(amount, { milli: true }) ?? amount) : amount,
    ]),
  );
