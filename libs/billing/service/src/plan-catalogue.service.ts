import { readFileSync } from 'node:fs';
import { DEFAULT_CATALOGUE, parseCatalogue, PLAN_CATALOGUE, type PlanCatalogue } from '#billing/contract';
import { SERVICE_SETTINGS, StartError, type ServiceSettings } from '#runtime';
import type { FactoryProvider } from '@nestjs/common';

/** The catalogue of `ASTRO_PLANS_FILE`, else the built-in one; for every context of the process. */
export const planCatalogue: FactoryProvider<PlanCatalogue> = {
  provide: PLAN_CATALOGUE,
  inject: [SERVICE_SETTINGS],
  useFactory: ({ configuration: { plansFile } }: ServiceSettings) =>
    plansFile === undefined ? DEFAULT_CATALOGUE : readCatalogue(plansFile),
};

/** @throws StartError with one sentence when the file cannot be read or is not a catalogue */
export function readCatalogue(file: string): PlanCatalogue {
  const parsed = parseCatalogue(textOf(file));
  if (!parsed.ok) throw new StartError(`ASTRO_PLANS_FILE ${file}: ${parsed.error.detail}`);
  return parsed.value;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unknown error'; // what fs throws
    throw new StartError(`ASTRO_PLANS_FILE ${file} cannot be read (${reason}).`);
  }
}
