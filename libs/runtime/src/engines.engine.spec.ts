import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { silentLogger } from '#kernel';
import { systemClock, systemIds } from '#runtime/system';
import { temporaryFolder } from '#testing';
import { readConfiguration } from './configuration.ts';
import { openEngines, type EnginePort } from './engines.ts';

const url = process.env['ASTRO_TEST_MONGO_URL'];
if (url) {
  const folder = temporaryFolder();
  const stores = [
    ['readStore', 'ASTRO_READ_STORE'],
    ['vault', 'ASTRO_VAULT'],
  ] as const;
  const keys = { ASTRO_SEALING_KEYS: `k1:${Buffer.alloc(32, 7).toString('base64')}` };
  const open = async (port: EnginePort, environment: Record<string, string>) => {
    const read = readConfiguration(environment, { dataDir: folder });
    if (!read.ok) throw new Error(read.error.join('\n'));
    const own = join(folder, port);
    mkdirSync(own, { recursive: true });
    const { configuration } = read.value;
    const engines = await openEngines(
      { configuration, folder: own, clock: systemClock, ids: systemIds, log: silentLogger },
      [port],
    );
    await engines.close();
    return readdirSync(own);
  };

  describe('engines on MongoDB', () => {
    it.each(stores)('open %s without a file', async (port, setting) => {
      expect(await open(port, { ...keys, [setting]: url })).toEqual(['caller-keys']);
    });

    it.each(stores)('report the setting of %s when no server responds, without its password', async (port, setting) => {
      await expect(open(port, { ...keys, [setting]: 'mongodb://user:sec:ret@127.0.0.1:1/' })).rejects.toThrow(
        new RegExp(`^${setting}: the address of the MongoDB server cannot be used`),
      );
      await expect(open(port, { ...keys, [setting]: 'mongodb://user:secret@127.0.0.1:1/' })).rejects.toThrow(
        `${setting}: no MongoDB server responds at mongodb://127.0.0.1:1; start it, or correct the address.`,
      );
    });

    it('require sealing keys, which every process needs', async () => {
      await expect(open('vault', { ASTRO_VAULT: url })).rejects.toThrow(/^ASTRO_SEALING_KEYS must be set if/);
    });
  });
} else describe.skip('engines on mongo: ASTRO_TEST_MONGO_URL is not set', () => it('was not tested', () => {}));
