import { spawn, type ChildProcess } from 'node:child_process';
import { eventually, runProgram } from '#testing';
import { serveSandboxes, type SandboxUser, type ServedSandboxes } from './sandbox.fixture.ts';

/** An operator written with client-go (`tools/clients/operator`), on a sandbox served as in the platform. */

const program = process.env['ASTRO_TEST_GO_CLIENT'];
if (program) describe('use-X1: client-go against a sandbox', () => tested(program));
else
  describe.skip('client-go against a sandbox: ASTRO_TEST_GO_CLIENT is not set; node tools/clients/main.mjs go prints it', () =>
    it('was not tested', () => {}));

function tested(operator: string): void {
  let served: ServedSandboxes;
  let ada: SandboxUser;
  const running = new Map<string, { readonly child: ChildProcess; said: string }>();
  beforeAll(async () => {
    served = await serveSandboxes();
    ada = await served.of('org-ada');
    await kubectl('create namespace demo');
  });
  afterAll(async () => {
    for (const { child } of running.values()) child.kill('SIGKILL');
    await served.stop();
  });

  async function kubectl(args: string): Promise<string> {
    const done = await ada.kubectl(args);
    if (done.code !== 0) throw new Error(`kubectl ${args}: ${done.stderr}`);
    return done.stdout;
  }

  function start(identity: string): void {
    const child = spawn(operator, ['run', 'demo', identity], {
      env: { ...process.env, KUBECONFIG: ada.kubeconfig },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const entry = { child, said: '' };
    child.stdout.setEncoding('utf8').on('data', (part: string) => (entry.said += part));
    running.set(identity, entry);
  }
  const said = (identity: string): string => running.get(identity)?.said ?? '';
  const leads = (): string[] => [...running.keys()].filter((identity) => said(identity).includes(`leads ${identity}`));

  it('keeps metadata, rejects stale objects, and serves custom resources to typed and dynamic clients', async () => {
    const done = await runProgram(operator, ['probe', 'demo'], {
      environment: { KUBECONFIG: ada.kubeconfig },
    });
    expect(done.stdout.split('\n')).toEqual([
      'metadata [demo.example/deployment] 1 [0 255]',
      'stale conflict=true',
      'precondition conflict=true',
      'zero 0',
      'custom ADDED map[age:0]',
      '',
    ]);
  });

  it('elects one leader of two, whose informers receive changes', async () => {
    start('a');
    start('b');
    await eventually(() => expect(leads()).toHaveLength(1));
    await kubectl('-n demo create configmap web --from-literal=replicas=2');
    await kubectl('-n demo label configmap web operator=demo');
    await kubectl('-n demo wait deployment/web --for=create --timeout=60s');
    await kubectl('-n demo rollout status deployment web --timeout=60s');
    await ada.kubectl('-n demo patch configmap web -p {"data":{"replicas":"3"}}');
    await kubectl('-n demo wait deployment/web --for=jsonpath={.spec.replicas}=3 --timeout=60s');
    expect(await kubectl('-n demo get configmap web -o jsonpath={.metadata.finalizers[0]}')).toBe(
      'demo.example/deployment',
    );
  });

  it('elects another leader when the first one is killed, which removes its finalizer', async () => {
    const [first = ''] = leads();
    running.get(first)?.child.kill('SIGKILL');
    await eventually(() => expect(leads()).toHaveLength(2));
    await kubectl('-n demo delete configmap web --timeout=60s');
    await kubectl('-n demo wait deployment/web --for=delete --timeout=60s');
    expect(await kubectl('-n demo get deployment -o name')).toBe('deployment.apps/owner\n');
  });
}
