import { applicationEventsRequest, applicationStatusRequest, deleteApplicationRequest } from '#deployments/contract';
import { entry } from '../testing/fixtures.ts';
import { givenPlatform, ORG } from '../testing/given-platform.service.ts';

const given = givenPlatform();
const status = async () => {
  await given.platform.settled();
  const response = await given.platform.ask(applicationStatusRequest, { org: ORG, name: 'web' }, given.by('ada'));
  if (!response.ok) throw new Error(response.error.code);
  return response.value;
};

describe('fields of a rollout for programs', () => {
  it('use-D6: contain the problem that the platform waits for', async () => {
    await given.apply('web');
    const rollout = await given.worker.next();
    const { claim } = await given.worker.granted(rollout);
    const problem = 'pod/web-1 cannot pull images.acme.dev/web:1 (not found); waiting for up to 60 s';
    const wrong = { step: 'progressing', message: `0/2 ready: ${problem}`, problem };
    for (const [step, expected] of [
      [{ step: 'progressing', message: '0/2 ready' }, null],
      [wrong, problem],
      [{ step: 'progressing', message: '1/2 ready' }, null],
      [wrong, problem],
      [{ step: 'healthy', message: '2/2 ready' }, null],
    ] as const) {
      await given.worker.report(rollout, claim, step);
      expect(await status()).toMatchObject({ status: 'PROGRESSING', message: step.message, problem: expected });
    }
    await given.worker.succeed(rollout, claim);
    expect(await status()).toMatchObject({ status: 'RUNNING', problem: null });
  });

  it('use-D4: contain the objects that a deletion kept, and why', async () => {
    await given.apply('web');
    await given.worker.deploy([entry('Deployment', 'web')]);
    await given.platform.ask(deleteApplicationRequest, { org: ORG, name: 'web', orphan: false }, given.by('ada'));
    const deletion = await given.worker.next();
    const { claim } = await given.worker.granted(deletion);
    const kept = [{ object: 'CustomResourceDefinition widgets.acme.dev', contains: 'Widget theirs in shop' }];
    await given.worker.succeed(deletion, claim, [], { message: 'a sentence for people', kept });
    await given.platform.settled();
    const lines = await given.platform.read(
      applicationEventsRequest,
      { org: ORG, name: 'web', kubernetes: false, follow: false },
      given.by('ada'),
    );
    const done = lines.filter((line) => line.source === 'platform' && line.step === 'succeeded');
    expect(done.at(-1)).toMatchObject({ message: 'a sentence for people', kept });
    expect(done[0]).not.toHaveProperty('kept');
  });
});
