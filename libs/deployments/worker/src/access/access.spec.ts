import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { silentLogger } from '#kernel';
import { systemClock, systemIds } from '#runtime/system';
import { sandboxTarget, type SandboxTarget } from '#sandbox-cluster/cases';
import { temporaryFolder } from '#testing';
import { openEmbeddedVault } from '#vault/embedded';
import { accessSuite } from '../testing/access-suite.worker.ts';
import { openWorkshop, type Workshop } from '../testing/workshop.worker.ts';

describe('access of members to a sandbox', () => {
  const folder = temporaryFolder();
  let target: SandboxTarget;
  let shop: Workshop;

  beforeAll(async () => {
    target = await sandboxTarget(join(folder, 'sandbox'));
    const kubeconfig = join(folder, 'kubeconfig');
    writeFileSync(
      kubeconfig,
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        'current-context': 'sandbox',
        contexts: [{ name: 'sandbox', context: { cluster: 'sandbox', user: 'owner' } }],
        clusters: [{ name: 'sandbox', cluster: { server: target.url } }],
        users: [{ name: 'owner', user: { token: target.sandbox.token } }],
      }),
    );
    const vault = await openEmbeddedVault({
      folder: join(folder, 'vault'),
      clock: systemClock,
      ids: systemIds,
      sealingKeys: [{ id: 'k', key: new Uint8Array(32).fill(7) }],
      log: silentLogger,
    });
    shop = await openWorkshop(kubeconfig, vault);
  });
  afterAll(async () => {
    shop.close();
    await shop.vault.close();
    await target.close();
  });

  describe('end and level', () => accessSuite(() => shop));
});
