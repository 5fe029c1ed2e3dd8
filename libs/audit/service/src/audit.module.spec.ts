import { LOG_FEED } from '#event-sourcing';
import { temporaryFolder } from '#testing';
import { answeringBus, bootModule, openEmbedded } from '#testing/embedded';
import { auditService } from './index.ts';

const folder = temporaryFolder();

it('resolves the dependencies of every provider and controller', async () => {
  const embedded = await openEmbedded(folder);
  try {
    const log = new Map([[LOG_FEED, {}]]);
    await bootModule(auditService, embedded, answeringBus('audit', {}), log);
  } finally {
    await embedded.close();
  }
});
