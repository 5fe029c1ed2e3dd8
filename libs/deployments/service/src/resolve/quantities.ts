import { quantityOf } from '#deployments/contract';

const UNITS = [
  ['Ti', 2 ** 40],
  ['Gi', 2 ** 30],
  ['Mi', 2 ** 20],
  ['Ki', 2 ** 10],
  ['T', 1e12],
  ['G', 1e9],
  ['M', 1e6],
  ['k', 1e3],
] as const;

/**
 * Returns cores in canonical form: whole numbers, otherwise thousandths (`0.5` is `500m`, `1000m` is `1`), rounded up
 * as the API server does.
 */
export function canonicalCpu(text: string): string {
  const thousandths = Math.ceil(quantityOf(text) * 1_000 - 1e-6);
  return thousandths % 1_000 === 0 ? String(thousandths / 1_000) : `${thousandths}m`;
}

/**
 * Returns bytes in canonical form: the largest binary unit that divides them, otherwise the largest decimal unit,
 * otherwise bytes.
 */
export function canonicalMemory(text: string): string {
  const bytes = Math.ceil(quantityOf(text));
  for (const [unit, factor] of UNITS) if (bytes >= factor && bytes % factor === 0) return `${bytes / factor}${unit}`;
  return String(bytes);
}
