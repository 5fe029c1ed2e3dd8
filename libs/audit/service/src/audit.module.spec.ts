import { temporaryFolder } from '#testing';
import { answeringBus, bootModule, openEmbedded } from '#testing/embedded';
import { auditService } from './index.ts';

const folder = temporaryFolder();

it('every part of audit gets what it asks for', async () => {
  const embedded = await openEmbedded(folder);
  try {
    await bootModule(auditService, embedded, answeringBus('audit', {}));
  } finally {
    await embedded.close();
  }
});
