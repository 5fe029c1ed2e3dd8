import { LOG_FEED } from '#event-sourcing';
import { SERVICE_SETTINGS } from '#runtime';
import { temporaryFolder } from '#testing';
import { answeringBus, bootModule, openEmbedded } from '#testing/embedded';
import { auditService } from './index.ts';

const folder = temporaryFolder();

it('resolves the dependencies of every provider and controller', async () => {
  const embedded = await openEmbedded(folder);
  try {
    const log = new Map<symbol, unknown>([
      [LOG_FEED, {}],
      [SERVICE_SETTINGS, { publicUrl: 'https://astro.acme.dev', configuration: {} }],
    ]);
    await bootModule(auditService, embedded, answeringBus('audit', {}), log);
  } finally {
    await embedded.close();
  }
});
