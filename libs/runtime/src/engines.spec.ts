import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { silentLogger } from '#kernel';
import { systemClock, systemIds } from '#runtime/system';
import { temporaryFolder } from '#testing';
import { readConfiguration } from './configuration.ts';
import { openEngines, type EnginePort } from './engines.ts';

const folder = temporaryFolder();

async function filesAfterOpening(name: string, ports: readonly EnginePort[], environment: Record<string, string> = {}) {
  const read = readConfiguration(environment, { dataDir: folder });
  if (!read.ok) throw new Error(read.error.join('\n'));
  const own = join(folder, name);
  mkdirSync(own);
  const engines = await openEngines(
    {
      configuration: read.value.configuration,
      folder: own,
      clock: systemClock,
      ids: systemIds,
      log: silentLogger,
    },
    ports,
  );
  await engines.close();
  return readdirSync(own).toSorted();
}

describe('the engines of a process', () => {
  it('open nothing but the bus when no part asks for more', async () =>
    expect(await filesAfterOpening('none', [])).toEqual(['caller-keys']));

  it.each([
    ['eventStore', ['events.sqlite']],
    ['readStore', ['read-store.sqlite']],
    ['vault', ['sealing-keys', 'vault.sqlite']],
    ['queue', ['work-queue.sqlite']],
  ] as const)('open %s where a part asks for it, and no other', async (port, files) =>
    expect(await filesAfterOpening(port, [port])).toEqual(['caller-keys', ...files].toSorted()),
  );

  it('make no keys where the environment gives them', async () =>
    expect(
      await filesAfterOpening('given', ['vault'], {
        ASTRO_CALLER_KEYS: `k1:${Buffer.alloc(32, 1).toString('base64')}`,
        ASTRO_SEALING_KEYS: `k1:${Buffer.alloc(32, 2).toString('base64')}`,
      }),
    ).toEqual(['vault.sqlite']));
});
