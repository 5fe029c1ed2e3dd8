import { temporaryFolder } from '#testing';
import { answeringBus, bootModule, openEmbedded } from '#testing/embedded';
import { accessKeysService } from './index.ts';

const folder = temporaryFolder();

it('every part of access-keys gets what it asks for', async () => {
  const embedded = await openEmbedded(folder);
  try {
    await bootModule(accessKeysService, embedded, answeringBus('access-keys', {}));
  } finally {
    await embedded.close();
  }
});
