import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { silentLogger } from '#kernel';
import { systemClock, systemIds } from '#runtime/system';
import { runProgram, temporaryFolder } from '#testing';
import { startEventStoreStandIn } from '#testing/eventstore';
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
  it('are only the bus if no part needs more', async () =>
    expect(await filesAfterOpening('none', [])).toEqual(['caller-keys']));

  it.each([
    ['eventStore', ['events.sqlite']],
    ['readStore', ['read-store.sqlite']],
    ['vault', ['sealing-keys', 'vault.sqlite']],
    ['queue', ['work-queue.sqlite']],
  ] as const)('include %s if a part needs it, and no others', async (port, files) =>
    expect(await filesAfterOpening(port, [port])).toEqual(['caller-keys', ...files].toSorted()),
  );

  it('create no keys if the environment has them', async () =>
    expect(
      await filesAfterOpening('given', ['vault'], {
        ASTRO_CALLER_KEYS: `k1:${Buffer.alloc(32, 1).toString('base64')}`,
        ASTRO_SEALING_KEYS: `k1:${Buffer.alloc(32, 2).toString('base64')}`,
      }),
    ).toEqual(['vault.sqlite']));

  it('use the EventStoreDB of the environment, and no file', async () => {
    const server = await startEventStoreStandIn();
    const environment = { ASTRO_EVENT_STORE: `esdb://127.0.0.1:${server.port}?tls=false` };
    expect(await filesAfterOpening('eventstoredb', ['eventStore'], environment)).toEqual(['caller-keys']);
    expect(server.log.stream('store')).toHaveLength(1);
    await server.close();
  });

  it('report the variable when the EventStoreDB cannot be used', async () => {
    const server = await startEventStoreStandIn({ version: '21.10.2' });
    const environment = { ASTRO_EVENT_STORE: `esdb://ada:secret@127.0.0.1:${server.port}?tls=false` };
    await expect(filesAfterOpening('too-old', ['eventStore'], environment)).rejects.toThrow(
      `ASTRO_EVENT_STORE: The EventStoreDB at 127.0.0.1:${server.port} has version 21.10.2; 22.10 or newer is required.`,
    );
    await server.close();
  });

  it('do not load gRPC if the log is a file', async () => {
    const code = `
      import { openEventStore, readConfiguration } from '#runtime';
      import { systemClock as clock, systemIds as ids } from '#runtime/system';
      import { silentLogger as log } from '#kernel';
      import module from 'node:module';
      const { configuration } = readConfiguration({}, { dataDir: process.argv[1] }).value;
      const store = await openEventStore({ configuration, folder: process.argv[1], clock, ids, log });
      await store.close();
      console.log(Object.keys(module._cache).filter((file) => /@grpc|@eventstore|google-protobuf/.test(file)).length);
    `;
    const own = join(folder, 'no-grpc');
    mkdirSync(own);
    const arguments_ = ['--import', './tools/typescript.mjs', '--input-type=module', '-e', code, own];
    expect(await runProgram(process.execPath, arguments_)).toMatchObject({ code: 0, stdout: '0\n' });
  });
});
