// Sends every case to a real server and records its responses as fixtures:
//   node --import ./tools/typescript.mjs libs/kubernetes/contract-suite/src/record.ts --kubeconfig FILE [--area AREA]…
// ASTRO_TEST_KUBECONFIG may name the file too. Each case is run twice. Cases whose responses differ are reported, and
// the exit code is 1. With --area, recordings of other areas are kept.
import { parseArgs } from 'node:util';
import { serverTarget } from '#sandbox-cluster/cases';
import { differences, formatDifference } from './differences.ts';
import { requestHashOf, idOf, readFixtures, writeFixtures, type Fixture } from './fixtures.ts';
import { contractCases } from './index.ts';
import { runCaseWithRetry } from './judge.ts';

const { values } = parseArgs({ options: { kubeconfig: { type: 'string' }, area: { type: 'string', multiple: true } } });
const kubeconfig = values.kubeconfig ?? process.env['ASTRO_TEST_KUBECONFIG'];
if (kubeconfig === undefined) {
  process.stderr.write('name a server: --kubeconfig FILE, or ASTRO_TEST_KUBECONFIG\n');
  process.exit(2);
}

const target = serverTarget(kubeconfig);
const prefix = `case-e${Date.now().toString().slice(-6)}`;
const recorded = new Map<string, Fixture[]>();
let unsteady = 0;
const before = values.area ? readFixtures() : new Map<string, Fixture>();
for (const [number, each] of contractCases.entries()) {
  if (values.area && !values.area.includes(each.area)) {
    const kept = before.get(idOf(each));
    if (kept) recorded.set(each.area, [...(recorded.get(each.area) ?? []), kept]);
    continue;
  }
  const seen = await runCaseWithRetry(target, each, `${prefix}-${number}a`);
  const again = differences(seen, await runCaseWithRetry(target, each, `${prefix}-${number}e`));
  if (again.length > 0) {
    unsteady += 1;
    process.stderr.write(`${idOf(each)} is not the same twice\n  ${again.map(formatDifference).join('\n  ')}\n`);
  }
  recorded.set(each.area, [...(recorded.get(each.area) ?? []), { name: each.name, asked: requestHashOf(each), seen }]);
}
target.close();
writeFixtures(recorded);
process.stdout.write(
  `${contractCases.length} cases recorded: ${[...recorded].map(([area, fixtures]) => `${area} ${fixtures.length}`).join(', ')}\n`,
);
process.exitCode = unsteady > 0 ? 1 : 0;
