import { readFileSync } from 'node:fs';
import { DEFAULT_CATALOGUE, parseCatalogue, PLAN_CATALOGUE, type PlanCatalogue } from '#billing/contract';
import { SERVICE_SETTINGS, StartError, type ServiceSettings } from '#runtime';
import type { FactoryProvider } from '@nestjs/common';

/**
 * Provides the catalogue of `ASTRO_PLANS_FILE`, or else the built-in one, to every context of the process. Without a
 * contact of its own, it has that of the platform.
 */
export const planCatalogue: FactoryProvider<PlanCatalogue> = {
  provide: PLAN_CATALOGUE,
  inject: [SERVICE_SETTINGS],
  useFactory: ({ configuration: { plansFile, contact } }: ServiceSettings) => {
    const catalogue = plansFile === undefined ? DEFAULT_CATALOGUE : readCatalogue(plansFile);
    return { ...catalogue, contact: catalogue.contact ?? contact };
  },
};

/**
 * Reads a catalogue file.
 *
 * @throws StartError if the file cannot be read or is not a catalogue
 */
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
