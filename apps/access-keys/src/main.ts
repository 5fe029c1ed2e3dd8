import { createRefusalRecorder } from '#audit/contract';
import { accessKeysService } from '#access-keys/service';
import { runService } from '#runtime';

await runService({ name: 'access-keys', contexts: [accessKeysService], refusals: createRefusalRecorder });
