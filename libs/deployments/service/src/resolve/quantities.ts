const FORM = /^(\d+(?:\.\d*)?)(m|k|Ki|M|Mi|G|Gi|T|Ti)?$/;
const FACTORS: Readonly<Record<string, number>> = {
  m: 0.001,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** A Kubernetes quantity as a number: cores, or bytes. NaN for what is none. */
export function quantityOf(text: string): number {
  const parts = FORM.exec(text);
  return parts ? Number(parts[1]) * (FACTORS[parts[2] ?? ''] ?? Number.NaN) : Number.NaN;
}

/** Cores in one spelling: whole numbers, else thousandths (`0.5` is `500m`, `1000m` is `1`), rounded up as the server does. */
export function canonicalCpu(text: string): string {
  const thousandths = Math.ceil(quantityOf(text) * 1_000 - 1e-6);
  return thousandths % 1_000 === 0 ? String(thousandths / 1_000) : `${thousandths}m`;
}

/** Bytes in one spelling: the largest binary unit that divides them, else the largest decimal one, else bytes. */
export function canonicalMemory(text: string): string {
  const bytes = Math.ceil(quantityOf(text));
  for (const unit of ['Ti', 'Gi', 'Mi', 'Ki', 'T', 'G', 'M', 'k']) {
    const factor = FACTORS[unit] ?? 1;
    if (bytes >= factor && bytes % factor === 0) return `${bytes / factor}${unit}`;
  }
  return String(bytes);
}
