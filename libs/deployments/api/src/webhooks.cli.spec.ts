import { createLaptop } from '#cli/testing';
import {
  createWebhookRequest,
  deleteWebhookRequest,
  listWebhooksRequest,
  type WebhookView,
} from '#deployments/contract';
import { temporaryFolder } from '#testing';
import { deploymentsCommands } from './cli.ts';

const folder = temporaryFolder();
const laptop = () => {
  const made = createLaptop(folder, { commands: deploymentsCommands });
  made.logIn(['acme']);
  return made;
};
const ID = 'wh_0193f2a411de7a90b6c72f8f0b6d9c020123456789abcdef';
const webhook: WebhookView = {
  id: ID,
  provider: 'gitlab',
  address: `https://astro.acme.dev/hooks/${ID}`,
  fingerprint: 'fingerprint:9f2c41d07b3e',
  createdAt: '2026-01-01T00:00:00.000Z',
  by: 'ada@acme.dev',
  lastDelivery: null,
};

describe('astroctl app webhook', () => {
  it('create prints address and secret, and says where to enter them', async () => {
    const at = laptop();
    at.on(createWebhookRequest, () => ({ ...webhook, secret: 'whsec_abc' }));
    const made = await at.run('app webhook create web --provider gitlab');
    expect(made).toMatchObject({ exit: 0, stdout: expect.stringMatching(/^address: +https.+\nsecret: +whsec_abc$/m) });
    expect(made.stderr).toMatch(/shown only once\. In the settings of the project/);
    expect(at.sent[0]?.input).toMatchObject({ name: 'web', provider: 'gitlab' });
    expect(await at.run('app webhook create web --provider svn')).toMatchObject({ exit: 2 });
  });

  it('list shows the last delivery, and how to create a webhook if there is none', async () => {
    const at = laptop();
    let items: WebhookView[] = [];
    at.on(listWebhooksRequest, () => ({ items }));
    expect((await at.run('app webhook list web')).stderr).toContain('astroctl app webhook create web');
    items = [webhook, { ...webhook, lastDelivery: { at: webhook.createdAt, outcome: 'checking' } }];
    const { stdout } = await at.run('app webhook list web');
    expect(stdout).toMatch(/ LAST-DELIVERY\n/);
    expect(stdout).toMatch(/gitlab .* ada@acme\.dev +-\n.*checking .+ ago/);
    expect(stdout).not.toContain('https://');
    expect((await at.run('app webhook list web -o wide')).stdout).toContain(webhook.address);
  });

  it('delete says what it did, or would do', async () => {
    const at = laptop();
    at.on(deleteWebhookRequest, ({ id }) => ({ id, dryRun: false }));
    expect(await at.run(`app webhook delete web ${ID}`)).toMatchObject({ exit: 0, stdout: `webhook/${ID} deleted\n` });
    expect((await at.run(`app webhook delete web ${ID} --dry-run`)).stdout).toContain('would be deleted (dry run)');
  });
});
