import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { runCase, sandboxTarget, serverTarget, type SandboxTarget } from '#sandbox-cluster/cases';
import { temporaryFolder } from '#testing';
import { differences, formatDifference } from './differences.ts';
import { runCaseWithRetry } from './judge.ts';
import { randomCase } from './random/sequence.ts';

const SEQUENCES = 300;
const AT_ONCE = 50;
const seed = Number(process.env['ASTRO_TEST_SEED'] ?? seedOfSources());
const kubeconfig = process.env['ASTRO_TEST_KUBECONFIG'];
if (kubeconfig)
  describe(`random sequences from seed ${seed}: the sandbox responds like a real Kubernetes`, () =>
    compared(kubeconfig));
else
  describe.skip('random sequences against a real Kubernetes: ASTRO_TEST_KUBECONFIG is not set', () =>
    it('was not tested', () => {}));

/** Derives the seed from the sources, so that the same sources are tested with the same sequences everywhere. */
function seedOfSources(): number {
  const hash = createHash('sha256');
  for (const folder of ['../../../sandbox-cluster/', '../../schemas/', './random/']) {
    const root = new URL(folder, import.meta.url);
    const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(ts|json)$/.test(name));
    for (const name of files.sort()) hash.update(readFileSync(new URL(name, root)));
  }
  return hash.digest().readUIntBE(0, 3);
}

function compared(path: string): void {
  const folder = temporaryFolder();
  let real: ReturnType<typeof serverTarget>;
  let sandbox: SandboxTarget;
  beforeAll(async () => {
    real = serverTarget(path);
    sandbox = await sandboxTarget(folder);
  });
  afterAll(async () => {
    real.close();
    await sandbox.close();
  });

  it.each(Array.from({ length: SEQUENCES / AT_ONCE }, (_, part) => part * AT_ONCE))(
    `${AT_ONCE} sequences from %i`,
    async (from) => {
      const failures: string[] = [];
      for (let number = from; number < from + AT_ONCE; number++) {
        const drawn = randomCase(seed + number);
        const namespace = `case-e${seed}-${number}`;
        const found = differences(
          await runCaseWithRetry(real, drawn, namespace),
          await runCase(sandbox, drawn, namespace),
        );
        failures.push(...found.slice(0, 3).map((difference) => `${drawn.name}: ${formatDifference(difference)}`));
      }
      expect(failures).toEqual([]);
    },
    300_000,
  );
}
