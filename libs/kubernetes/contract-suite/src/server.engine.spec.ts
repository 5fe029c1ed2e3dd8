import { serverTarget, type Case } from '#sandbox-cluster/cases';
import { idOf, readFixtures } from './fixtures.ts';
import { contractCases } from './index.ts';
import { compareCase } from './judge.ts';

const kubeconfig = process.env['ASTRO_TEST_KUBECONFIG'];
/** Of a case whose answers differ from the recorded ones, or that does not reach an awaited state. */
const RUNS = 4;
if (kubeconfig) describe('a real Kubernetes responds as recorded', () => judged(kubeconfig));
else
  describe.skip('recorded answers against a real Kubernetes: ASTRO_TEST_KUBECONFIG is not set', () =>
    it('was not tested', () => {}));

function judged(path: string): void {
  let target: ReturnType<typeof serverTarget>;
  beforeAll(() => void (target = serverTarget(path)));
  afterAll(() => target.close());
  const fixtures = readFixtures();
  // The server may still be deleting the namespaces of an earlier run.
  const prefix = `case-e${Date.now().toString().slice(-6)}`;

  /**
   * Runs a case until its answers are equal, since a real server's controllers act at their own times: on a busy machine,
   * the status of a rollout may pass over the awaited state.
   */
  async function differing(each: Case, number: number): Promise<readonly string[]> {
    const comparison = { target, fixtures, known: new Map(), prefix };
    let found: readonly string[] = [];
    for (let run = 0; run < RUNS; run++) {
      found = await compareCase(comparison, each, number + run * contractCases.length).catch((error: unknown) => [
        `${idOf(each)}: ${String(error)}`,
      ]);
      if (found.length === 0) break;
    }
    return found;
  }

  it.each([...new Set(contractCases.map(({ area }) => area))])(
    '%s',
    async (area) => {
      const failures: string[] = [];
      for (const [number, each] of contractCases.entries())
        if (each.area === area) failures.push(...(await differing(each, number)));
      expect(failures).toEqual([]);
    },
    600_000,
  );
}
