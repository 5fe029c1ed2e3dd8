import { jest } from '@jest/globals';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, temporaryFolder } from '#testing';
import {
  expectAnswers,
  RECORDED_RELEASES,
  recordedBy,
  startOnRecorded,
  unpackData,
  type StartedOnRecorded,
} from './recorded-data.fixture.ts';

jest.setTimeout(300_000);

describe.each(RECORDED_RELEASES)('the log that release %s wrote, without read models and queue', (release) => {
  const dataDir = unpackData(release);
  const home = temporaryFolder();
  const recorded = recordedBy(release);
  let started: StartedOnRecorded;

  beforeAll(async () => {
    const files = readdirSync(dataDir).filter((name) => /^(read-store|work-queue)\.sqlite/.test(name));
    expect(files).toEqual(expect.arrayContaining(['read-store.sqlite', 'work-queue.sqlite']));
    for (const name of files) rmSync(join(dataDir, name));
    started = await startOnRecorded(release, dataDir, home);
  });
  afterAll(() => started.stop());

  it('produces the responses of that release', async () => {
    expect(await started.login(recorded.people.admin, 'acme')).toMatchObject({ code: 0 });
    await expectAnswers(recorded, started);
  });

  it('is sufficient to complete a rollout that was in progress', async () => {
    // The time since the recording counts against progressDeadlineSeconds. If the pods become ready late, the attempt fails
    // first, and the revision is healthy afterwards.
    await eventually(async () =>
      expect((await started.ada.run('app status underway --field status')).trim()).toBe('RUNNING'),
    );
  });
});
