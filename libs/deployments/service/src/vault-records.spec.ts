import {
  applyApplicationRequest,
  applyProfileRequest,
  registerClusterRequest,
  rollbackRequest,
} from '#deployments/contract';
import type { Sweep } from '#event-sourcing';
import { silentLogger } from '#kernel';
import { systemClock, systemIds } from '#runtime/system';
import { temporaryFolder } from '#testing';
import { encodeText } from '#vault';
import { openEmbeddedWorkQueue } from '#work-queue/embedded';
import { ApplicationRecordsSweep } from './applications/application-records.sweep.ts';
import { ClusterRecordsSweep } from './clusters/cluster-records.sweep.ts';
import { ProfileRecordsSweep } from './profiles/profile-records.sweep.ts';
import { FakeWorker } from './testing/fake-worker.service.ts';
import { image, profile, registration } from './testing/fixtures.ts';
import { openTestPlatform } from './testing/test-platform.module.ts';

const folder = temporaryFolder();

describe('vault records of deployments', () => {
  it('F31: are removed after a day if nothing refers to them; E18: a rollback without content fails', async () => {
    const queue = await openEmbeddedWorkQueue({ folder, clock: systemClock, ids: systemIds, log: silentLogger });
    const platform = await openTestPlatform(folder, queue, {});
    const { vault } = platform.engines;
    const org = 'org-1';
    const ada = () => platform.person('ada', org);
    await platform.found(org, 'acme', { ada: 'owner' });
    await platform.ask(registerClusterRequest, { org, name: 'dev', manifest: registration('dev') }, ada());
    await platform.ask(applyProfileRequest, { org, name: 'staging', manifest: profile('staging') }, ada());
    const worker = new FakeWorker(platform, queue);
    for (const tag of ['1', '2']) {
      await platform.ask(applyApplicationRequest, { org, name: 'web', manifest: image('web', tag) }, ada());
      await worker.deploy();
    }
    const names = async () => {
      const all: string[] = [];
      for (const prefix of ['manifest/', 'resolved/', 'profile/', 'cluster-'])
        for await (const { name } of vault.list(prefix)) all.push(name);
      return all;
    };
    const named = await names();
    expect(named).toHaveLength(6);
    for (const name of [
      'manifest/org-1/left',
      'resolved/org-1/a/1-left',
      'profile/p/left',
      'cluster-credential/c/1-left',
    ])
      await vault.put(name, encodeText('x'));
    const sweep = async () => {
      for (const one of [ApplicationRecordsSweep, ProfileRecordsSweep, ClusterRecordsSweep])
        await platform.app.get<Sweep>(one, { strict: false }).run(new AbortController().signal);
    };
    await platform.settled();
    await sweep();
    expect(await names()).toHaveLength(10);
    platform.clock.shift(25 * 3_600_000);
    await sweep();
    expect(await names()).toEqual(named);

    const [first = ''] = named.filter((name) => name.startsWith('resolved/') && name.includes('/1-'));
    await vault.delete(first);
    const events = (await platform.engines.events()).length;
    expect(await platform.ask(rollbackRequest, { org, name: 'web', to: 1 }, ada())).toMatchObject({
      ok: false,
      error: { code: 'deployments/source-gone', kind: 'conflict' },
    });
    expect(await platform.engines.events()).toHaveLength(events);
    await platform.close();
    await queue.close();
  });
});
