import { createLaptop, type Laptop } from '#cli/testing';
import {
  applicationStatusRequest,
  getApplicationRequest,
  listApplicationsRequest,
  watchRequest,
  type ApplicationStatusView,
} from '#deployments/contract';
import { domainError } from '#kernel';
import { temporaryFolder } from '#testing';
import { deploymentsCommands, deploymentsGroups } from './cli.ts';
import { application, statusOf } from './testing/answers.ts';

const folder = temporaryFolder();

function laptopOf(status: Partial<ApplicationStatusView> = {}): Laptop {
  const laptop = createLaptop(folder, { commands: deploymentsCommands, groups: deploymentsGroups });
  laptop.logIn(['acme']);
  laptop.on(applicationStatusRequest, () => statusOf(status));
  laptop.on(getApplicationRequest, () => application());
  laptop.onStream(watchRequest, () => []);
  return laptop;
}

/** Output of `app status` for the application `web`. Scripts parse these lines. */
const T1 = `name:            web
status:          RUNNING
health:          Healthy
sync:            Synced
version:         v3
organization:    acme
profileName:     production
clusterName:     eu-prod
provider:        aws
region:          eu-west-1
targetNamespace: acme-web
sourceType:      image
sourceRef:       images.acme.dev/web:1.4.2@sha256:9f2c41d07b3e
replicas:        3/3
endpoint:        https://web-x2ss.apps.acme.dev
updatedAt:       2026-11-24T12:02:11Z
message:         all pods ready for 12 min
`;
const T2 = `tier:            premium
protected:       yes
limits:          cpu 1/4, memory 4Gi/8Gi
autoscaling:     3-9 at 80%
deployedBy:      ci-deploy
createdAt:       2025-12-10T09:14:55Z
`;

describe('app status', () => {
  it('prints one line for each field, in a fixed order', async () => {
    expect(await laptopOf().run('app status web')).toEqual({ exit: 0, stdout: T1, stderr: '' });
  });

  it('prints the value alone with --field, and a hyphen for a null value', async () => {
    expect((await laptopOf().run('app status web --field endpoint')).stdout).toBe('https://web-x2ss.apps.acme.dev\n');
    expect((await laptopOf({ endpoint: null }).run('app status web --field endpoint')).stdout).toBe('-\n');
    expect(await laptopOf().run('app status web --field nope')).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining('targetNamespace'),
    });
  });

  it('prints the same fields as JSON', async () => {
    const shown: unknown = JSON.parse((await laptopOf().run('app status web -o json')).stdout);
    expect(shown).toMatchObject({ name: 'web', status: 'RUNNING', pods: [] });
  });

  it('exits with 6 when the application does not exist', async () => {
    const laptop = laptopOf();
    laptop.on(applicationStatusRequest, () => domainError('deployments/application-not-found', 'not-found', 'No web.'));
    expect((await laptop.run('app status web')).exit).toBe(6);
  });
});

describe('app get', () => {
  it('prints the status, followed by the configuration', async () =>
    expect(await laptopOf().run('app get web')).toEqual({ exit: 0, stdout: T1 + T2, stderr: '' }));

  it('prints all pages as one table, without digests', async () => {
    const laptop = laptopOf();
    laptop.on(listApplicationsRequest, ({ cursor }) =>
      cursor === undefined ? { items: [application()], next: 'more' } : { items: [application({ name: 'api' })] },
    );
    expect((await laptop.run('app get')).stdout).toBe(
      `NAME  STATUS   VERSION  PROFILE     CLUSTER  SOURCE                           AGE
web   RUNNING  v3       production  eu-prod  image images.acme.dev/web:1.4.2  21d
api   RUNNING  v3       production  eu-prod  image images.acme.dev/web:1.4.2  21d
`,
    );
    expect((await laptop.run('app get -o name')).stdout).toBe('application/web\napplication/api\n');
    laptop.on(listApplicationsRequest, () => ({ items: [] }));
    expect(await laptop.run('app get')).toMatchObject({
      exit: 0,
      stdout: '',
      stderr: expect.stringContaining('app apply'),
    });
  });
});

describe('app wait', () => {
  it('exits with 0 when the application is running', async () =>
    expect(await laptopOf().run('app wait web')).toMatchObject({ exit: 0, stdout: 'application/web running\n' }));

  it('use-D6: reports the problem and that the platform is waiting, while the rollout is in progress', async () => {
    const laptop = laptopOf();
    const problem = 'pod/web-1 cannot pull images.acme.dev/web:1.5.O (not found); waiting for up to 60 s';
    const seen: Partial<ApplicationStatusView>[] = [
      { status: 'PROGRESSING', replicas: '0/2', message: '0/2 ready' },
      { status: 'PROGRESSING', replicas: '0/2', message: 'a sentence for people', problem },
    ];
    const attempt = { id: 'a1', number: 1, state: 'RUNNING' } as const;
    laptop.on(applicationStatusRequest, () => {
      const next = seen.shift();
      return statusOf(next ? { attempt, ...next } : {});
    });
    const { exit, stderr } = await laptop.run('app wait web');
    expect(exit).toBe(0);
    expect(stderr).toContain(`web v3: PROGRESSING 0/2\nweb v3: PROGRESSING 0/2: ${problem}\n`);
  });

  it('exits with 3 and prints the reason and the fix when the rollout failed', async () => {
    const laptop = laptopOf({
      status: 'DEGRADED',
      version: 'v4',
      servingVersion: 'v3',
      code: 'deployments/image-not-found',
      message: 'pod/web-1 cannot pull images.acme.dev/web:1.5.O',
      fix: 'correct spec.source.image.tag and apply again',
    });
    expect(await laptop.run('app wait web')).toMatchObject({
      exit: 3,
      stdout: '',
      stderr: expect.stringContaining(
        'Error: web v4 is DEGRADED: pod/web-1 cannot pull images.acme.dev/web:1.5.O.\nFix:   correct spec.source.image.tag and apply again, or roll back: astroctl app rollback web --to v3\n',
      ),
    });
  });

  it('exits with 0 with --for deleted when the application does not exist', async () => {
    const laptop = laptopOf();
    laptop.on(applicationStatusRequest, () => domainError('deployments/application-not-found', 'not-found', 'No web.'));
    expect(await laptop.run('app wait web --for deleted')).toMatchObject({
      exit: 0,
      stdout: 'application/web deleted\n',
    });
  });

  it('rejects an invalid timeout', async () =>
    expect((await laptopOf().run('app wait web --timeout soon')).exit).toBe(2));
});
