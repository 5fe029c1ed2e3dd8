import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { call, loginAdmin, openShop, startPlatform, type Person, type Platform } from '#testing';

const guide = readFileSync(join(import.meta.dirname, '../../../docs/operator-guide.md'), 'utf8');

describe('use-L11: /metrics', () => {
  let platform: Platform;
  let ada: Person;
  let text: string;

  beforeAll(async () => {
    platform = await startPlatform();
    ada = await loginAdmin(platform);
    await openShop(ada);
    await ada.machine.run(
      'app apply -f - --wait',
      'apiVersion: platform.astropulse.io/v1\nkind: Application\nmetadata: { name: measured-web }\nspec:\n  profileName: shop\n  source: { type: image, image: { registry: sandbox.invalid, repository: app, tag: "1" } }\n',
    );
    await call(platform.url, 'GET /v1/organizations/nowhere', { credential: ada.key });
    text = (await call(platform.url, 'GET /metrics')).text;
  });
  afterAll(() => platform.stop());

  it('lists the metrics of the guide, and no others of the platform', () => {
    const documented = new Set(
      guide
        .split('\n')
        .filter((line) => line.startsWith('| `astro_'))
        .flatMap((line) => (line.split('|')[1] ?? '').match(/astro_[a-z_]+/g) ?? []),
    );
    const served = new Set([...text.matchAll(/^# TYPE (astro_[a-z_]+) /gm)].map(([, name]) => name));
    expect([...served].toSorted()).toEqual([...documented].toSorted());
  });

  it.each([
    /^astro_rollout_attempts_total\{outcome="succeeded"\} 1$/m,
    /^astro_rollout_attempts_in_hand 0$/m,
    /^astro_work_queue_depth\{queue="deployments\.v1\.work\.[a-z]+"\} \d+$/m,
    /^astro_projection_lag_events\{projection="access-keys\.v\d+"\} \d+$/m,
    /^astro_event_store_append_duration_seconds_count\{outcome="appended"\} [1-9]\d*$/m,
    /^astro_bus_request_duration_seconds_count\{subject="deployments\.v1\.applications\.apply"\} 1$/m,
    /^astro_bus_errors_total\{code="organization\/not-found"\} 1$/m,
  ])('has a value like %s', (pattern) => expect(text.split('\n').filter((line) => pattern.test(line))).toHaveLength(1));

  it('contains no names of organizations, people or applications', () => {
    for (const word of [ada.organization.id, ada.organization.slug, ada.userId, ada.keyId, ada.email, 'measured-web'])
      expect(text).not.toContain(word);
  });
});
