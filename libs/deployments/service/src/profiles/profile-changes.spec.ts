import type { CommandRunner } from '#event-sourcing';
import { temporaryFolder } from '#testing';
import { killAtEachAppend, openEmbedded, type Embedded } from '#testing/embedded';
import { done, InterruptedLog } from '../testing/interrupted-log.service.ts';
import { ProfileChangesReactor } from './profile-changes.reactor.ts';
import { ProfileChanges, type NewProfile } from './profile-changes.service.ts';
import { profileDecider, profileStream } from './profile.decider.ts';

let embedded: Embedded;
const folder = temporaryFolder();
beforeAll(async () => void (embedded = await openEmbedded(folder)));
afterAll(() => embedded.close());
const log = new InterruptedLog(() => embedded);

describe('a profile, when the process is killed before each append', () => {
  const resumption = (commands: CommandRunner) => new ProfileChangesReactor(new ProfileChanges(commands));
  const statusOf = async ({ id }: NewProfile) => (await log.stateOf(profileDecider, profileStream(id))).status;

  it('is created', async () => {
    let profile: NewProfile;
    const appends = await killAtEachAppend(embedded, {
      async attempt(commands, round) {
        ({ profile } = await log.organization('profile-created', round));
        return new ProfileChanges(commands).apply(log.org, profile, 'all', log.context('create'));
      },
      resumption,
      async check(_round, died) {
        expect(await log.held('profile')).toEqual(died === 0 ? [] : ['staging']);
        expect(await statusOf(profile)).toBe(died === 0 ? 'absent' : 'active');
      },
    });
    expect(appends).toBe(2); // catalog, profile
  });

  it('is not created when its own stream rejects it', async () => {
    let profile: NewProfile;
    const appends = await killAtEachAppend(embedded, {
      async attempt(commands, round) {
        ({ profile } = await log.organization('profile-refused', round));
        return new ProfileChanges(commands).apply(log.org, profile, 'defaults', log.context('create'));
      },
      resumption,
      async check(_round, died) {
        // The handler checks the role before it claims the name. A profile with a claimed name is therefore created by
        // the next process.
        const isActive = died === 1;
        expect(await log.held('profile')).toEqual(isActive ? ['staging'] : []);
        expect(await statusOf(profile)).toBe(isActive ? 'active' : died === 0 ? 'absent' : 'deleted');
      },
    });
    expect(appends).toBe(3); // catalog, end of the profile, release
  });

  it('is deleted', async () => {
    let profile: NewProfile;
    const appends = await killAtEachAppend(embedded, {
      async attempt(commands, round) {
        ({ profile } = await log.organization('profile-deleted', round));
        await done(new ProfileChanges(log.commands).apply(log.org, profile, 'all', log.context('create')));
        return new ProfileChanges(commands).delete(log.org, profile, log.context('delete'));
      },
      resumption,
      async check(_round, died) {
        expect(await log.held('profile')).toEqual(died === 0 ? ['staging'] : []);
        expect(await statusOf(profile)).toBe(died === 0 ? 'active' : 'deleted');
      },
    });
    expect(appends).toBe(3); // catalog, profile, release
  });
});
