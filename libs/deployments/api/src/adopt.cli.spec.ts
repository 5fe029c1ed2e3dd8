import { createLaptop } from '#cli/testing';
import { adoptApplicationRequest } from '#deployments/contract';
import { temporaryFolder } from '#testing';
import { deploymentsCommands, deploymentsGroups } from './cli.ts';
import { application } from './testing/answers.ts';

const folder = temporaryFolder();
function laptopOf() {
  const laptop = createLaptop(folder, { commands: deploymentsCommands, groups: deploymentsGroups });
  laptop.logIn(['acme']);
  laptop.on(adoptApplicationRequest, () => ({
    application: application({ attempt: { id: 'a', number: 5, state: 'QUEUED' } }),
    changed: true,
    attemptId: 'a5',
    objects: [
      {
        object: 'Deployment/web',
        uid: 'u1',
        takes: [{ manager: 'kubectl-edit', fields: ['.spec.replicas'] }],
        removes: ['.spec.paused'],
      },
    ],
    adopts: 4,
    dryRun: true,
  }));
  return laptop;
}
const SHOWN = `Deployment/web
  takes from kubectl-edit: .spec.replicas
  removes, since the manifest does not contain them: .spec.paused
`;

describe('app adopt', () => {
  it('shows what it would take over with --dry-run', async () => {
    const laptop = laptopOf();
    expect(await laptop.run('app adopt web --dry-run')).toMatchObject({ exit: 0, stdout: SHOWN });
    expect(laptop.sent).toEqual([expect.objectContaining({ dryRun: true })]);
  });

  it('asks, and adopts the objects of the attempt that it showed', async () => {
    const laptop = laptopOf();
    const { exit, stdout, stderr } = await laptop.run('app adopt web', { terminal: true, stdin: 'y\n' });
    expect({ exit, stdout }).toEqual({ exit: 0, stdout: 'application/web adopted\n' });
    expect(stderr).toContain(SHOWN);
    expect(stderr).toContain('Take over this object for web?');
    expect(laptop.sent[1]?.input).toMatchObject({ name: 'web', attempt: 4 });
  });

  it('exits with 2 without a terminal and without -y, and changes nothing', async () => {
    const laptop = laptopOf();
    expect((await laptop.run('app adopt web')).exit).toBe(2);
    expect(laptop.sent).toHaveLength(1);
    expect((await laptop.run('app adopt web -y')).exit).toBe(0);
  });
});
