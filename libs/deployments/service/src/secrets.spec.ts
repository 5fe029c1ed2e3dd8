import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  applicationEventsRequest,
  applyApplicationRequest,
  applyProfileRequest,
  clusterKubeconfigRequest,
  getApplicationRequest,
  listProfilesRequest,
  listRevisionsRequest,
  registerClusterRequest,
} from '#deployments/contract';
import { silentLogger } from '#kernel';
import { systemClock, systemIds } from '#runtime/system';
import { temporaryFolder } from '#testing';
import { openEmbeddedWorkQueue } from '#work-queue/embedded';
import { FakeWorker } from './testing/fake-worker.service.ts';
import { entry, image, profile, registration } from './testing/fixtures.ts';
import { openTestPlatform } from './testing/test-platform.module.ts';

const canary = (what: string) => `canary-${what}-7f3a9`;
const folder = temporaryFolder();

describe('secrets of deployments', () => {
  it('are in no event, read model, queue item, response or error', async () => {
    const queue = await openEmbeddedWorkQueue({ folder, clock: systemClock, ids: systemIds, log: silentLogger });
    const platform = await openTestPlatform(folder, queue, {});
    const worker = new FakeWorker(platform, queue);
    const org = 'org-1';
    const ada = () => platform.person('ada', org);
    const answers: unknown[] = [];
    const tell = async (response: Promise<unknown>) => void answers.push(await response);
    await platform.found(org, 'acme', { ada: 'owner' });
    const secret = (tag: string) => ({
      env: [{ name: 'TOKEN', value: canary(`env-${tag}`) }],
      configFiles: [{ path: '/etc/app.conf', content: canary(`file-${tag}`) }],
      command: ['run', canary(`command-${tag}`)],
      args: [canary(`args-${tag}`)],
    });
    const pem = (what: string) =>
      Buffer.from(`-----BEGIN CERTIFICATE-----\n${canary(what)}\n-----END CERTIFICATE-----\n`).toString('base64');
    await tell(
      platform.ask(
        registerClusterRequest,
        {
          org,
          name: 'dev',
          manifest: registration('dev', { token: canary('token'), certificateAuthorityData: pem('authority') }),
        },
        ada(),
      ),
    );
    await tell(
      platform.ask(
        registerClusterRequest,
        {
          org,
          name: 'two',
          manifest: registration('two', {
            server: 'https://two.acme.dev',
            token: undefined,
            clientCertificateData: pem('certificate'),
            clientKeyData: pem('key'),
          }),
        },
        ada(),
      ),
    );
    await tell(
      platform.ask(
        applyProfileRequest,
        { org, name: 'staging', manifest: profile('staging', { defaults: secret('profile') }) },
        ada(),
      ),
    );
    const apply = (name: string, manifest: unknown) =>
      tell(platform.ask(applyApplicationRequest, { org, name, manifest }, ada()));
    await apply('web', image('web', '1.4.2', secret('one')));
    await worker.deploy([entry('Deployment', 'web')]);
    await apply('web', image('web', '1.5.0', secret('two')));
    await apply('raw', {
      name: 'raw',
      source: {
        type: 'yaml',
        yaml: {
          manifests: `apiVersion: v1\nkind: Secret\nmetadata: { name: a }\nstringData: { a: ${canary('manifest')} }\n`,
        },
      },
    });
    await apply(
      'bad',
      image('bad', '1', { env: [{ name: 'A B', value: canary('refused') }], nonsense: canary('unknown') }),
    );
    await apply('bad', {
      name: 'bad',
      source: { type: 'image', image: { repository: canary('REPOSITORY'), tag: 'x' } },
    });
    await platform.settled();
    await tell(platform.ask(getApplicationRequest, { org, name: 'web' }, ada()));
    await tell(platform.ask(listRevisionsRequest, { org, name: 'web' }, ada()));
    await tell(platform.ask(listProfilesRequest, { org }, ada()));
    await tell(platform.read(applicationEventsRequest, { org, name: 'web' }, ada()));
    expect(JSON.stringify(answers)).not.toContain('7f3a9');
    expect(answers).toMatchObject([
      { ok: true },
      { ok: true },
      { ok: true },
      { ok: true },
      {
        ok: true,
        value: {
          changes: expect.arrayContaining([
            'image 1.4.2 -> 1.5.0',
            'env TOKEN changed',
            'file /etc/app.conf changed',
            'command changed',
            'args changed',
          ]),
        },
      },
      { ok: true },
      { ok: false },
      { ok: false },
      { ok: true },
      { ok: true },
      { ok: true },
      [{}, {}, {}, {}, {}],
    ]);
    // A requested token is in the response to the request and nowhere else.
    expect(await platform.ask(clusterKubeconfigRequest, { org, name: 'dev' }, ada())).toMatchObject({
      value: { token: 'token-for-ten-minutes' },
    });
    expect(JSON.stringify(await platform.engines.events())).not.toMatch(/7f3a9|token-for-ten-minutes/);
    await platform.close();
    await queue.close();
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
    expect(files.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['events.sqlite', 'read-store.sqlite', 'work-queue.sqlite', 'vault.sqlite']),
    );
    for (const file of files)
      expect([file.name, readFileSync(join(file.parentPath, file.name)).includes('7f3a9')]).toEqual([file.name, false]);
  });
});
