import { ACCESS } from '#access';
import { BUS, REQUEST_GUARD, type Bus } from '#bus';
import { COMMANDS, READ_MODELS } from '#event-sourcing';
import { EVENT_STORE } from '#event-store';
import { CLOCK, IDS, LOGGER, silentLogger } from '#kernel';
import { READ_STORE } from '#read-store';
import type { ContextService } from '#runtime';
import { VAULT } from '#vault';
import { Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { Embedded } from './open-embedded.ts';

/**
 * Resolves a context's module as a process does, with its reactors and sweeps. Throws if a provider injects a token
 * that no process provides.
 * @param more additional tokens of this context
 */
export async function bootModule(
  { module, reactors, sweeps }: Pick<ContextService, 'module' | 'reactors' | 'sweeps'>,
  embedded: Embedded,
  bus: Bus,
  more: ReadonlyMap<symbol, unknown> = new Map(),
): Promise<void> {
  const values = new Map<symbol, unknown>([
    [ACCESS, embedded.access],
    [BUS, bus],
    [REQUEST_GUARD, {}],
    [COMMANDS, embedded.commands],
    [READ_MODELS, embedded.readModels],
    [EVENT_STORE, embedded.eventStore],
    [READ_STORE, embedded.readStore],
    [VAULT, embedded.vault],
    [CLOCK, embedded.clock],
    [IDS, embedded.ids],
    [LOGGER, silentLogger],
    ...more,
  ]);
  const providers = [...values].map(([provide, useValue]) => ({ provide, useValue }));

  class Tokens {}
  Module({ providers, exports: [...values.keys()] })(Tokens);
  const booted = await Test.createTestingModule({ imports: [{ module: Tokens, global: true }, module] }).compile();
  for (const provider of [...reactors, ...sweeps]) booted.get(provider, { strict: false });
  await booted.close();
}
