import { IDENTITY_CONFIG } from '#identity/contract';
import { BUILT_IN_ISSUER } from '#identity/issuer';
import { MAIL } from '#mail';
import { SERVICE_SETTINGS } from '#runtime';
import { temporaryFolder } from '#testing';
import { answeringBus, bootModule, openEmbedded } from '#testing/embedded';
import { identityService } from './index.ts';

const folder = temporaryFolder();

it('resolves the dependencies of every provider and controller', async () => {
  const embedded = await openEmbedded(folder);
  try {
    await bootModule(
      identityService,
      embedded,
      answeringBus('identity', {}),
      new Map<symbol, unknown>([
        [IDENTITY_CONFIG, {}],
        [BUILT_IN_ISSUER, null],
        [MAIL, {}],
        [SERVICE_SETTINGS, {}],
      ]),
    );
  } finally {
    await embedded.close();
  }
});
