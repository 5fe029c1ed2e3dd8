import { temporaryFolder } from '#testing';
import { answeringBus, bootModule, openEmbedded } from '#testing/embedded';
import { billingService } from './index.ts';

const folder = temporaryFolder();

it('every part of billing gets what it asks for', async () => {
  const embedded = await openEmbedded(folder);
  try {
    await bootModule(billingService, embedded, answeringBus('billing', {}));
  } finally {
    await embedded.close();
  }
});
