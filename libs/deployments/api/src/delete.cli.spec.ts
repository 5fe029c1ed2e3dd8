import { createLaptop } from '#cli/testing';
import { applicationEventsRequest, applicationStatusRequest, deleteApplicationRequest } from '#deployments/contract';
import { domainError } from '#kernel';
import { temporaryFolder } from '#testing';
import { deploymentsCommands } from './cli.ts';

const folder = temporaryFolder();

it('use-D5: app delete --orphan lists the objects left after the deletion, not only those known before it', async () => {
  const laptop = createLaptop(folder, { commands: deploymentsCommands, groups: [] });
  laptop.logIn(['acme']);
  laptop.on(deleteApplicationRequest, ({ name }) => ({ name, attemptId: 'a2', objects: [], dryRun: false }));
  laptop.on(applicationStatusRequest, ({ name }) =>
    domainError('deployments/application-not-found', 'not-found', `Application ${name} not found.`),
  );
  const line = {
    source: 'platform',
    time: '2026-12-01T00:00:00.000Z',
    version: 'v1',
    by: 'ada',
    position: 'p',
  } as const;
  const kept = '2 objects remain on the cluster: Deployment/web, Service/web';
  laptop.onStream(applicationEventsRequest, () => [
    { ...line, step: 'superseded' as const, message: 'by v1' },
    { ...line, step: 'succeeded' as const, message: kept },
    { ...line, step: 'deleted' as const, message: 'name and namespace released' },
  ]);
  const { exit, stdout, stderr } = await laptop.run('app delete web --orphan -y');
  expect({ exit, stdout }).toEqual({ exit: 0, stdout: 'application/web deleted\n' });
  expect(stderr).toContain('A rollout in progress is ended first.');
  expect(stderr).toContain(`web: ${kept}`);
});

it('app delete --no-hooks requests a deletion that runs no hooks', async () => {
  const laptop = createLaptop(folder, { commands: deploymentsCommands, groups: [] });
  laptop.logIn(['acme']);
  laptop.on(deleteApplicationRequest, ({ name }) => ({ name, attemptId: 'a2', objects: [], dryRun: false }));
  laptop.on(applicationStatusRequest, ({ name }) =>
    domainError('deployments/application-not-found', 'not-found', `Application ${name} not found.`),
  );
  laptop.onStream(applicationEventsRequest, () => []);
  const requested = async (words: string) => {
    await laptop.run(`app delete web -y${words}`);
    return laptop.sent.findLast(({ subject }) => subject === deleteApplicationRequest.subject)?.input;
  };
  expect(await requested('')).toMatchObject({ noHooks: false });
  expect(await requested(' --no-hooks')).toMatchObject({ noHooks: true, orphan: false });
});
