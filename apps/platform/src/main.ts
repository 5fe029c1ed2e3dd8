import { relative } from 'node:path';
import process from 'node:process';
import { VERSION } from '#kernel';
import { runProcess } from '#runtime';
import { startPlatform, type RunningPlatform } from './platform.ts';

const say = (line = ''): void => void process.stdout.write(`${line}\n`);
const began = performance.now();
greet(await runProcess('the platform', startPlatform));

function greet({ url, admin, logFile, problems }: RunningPlatform): void {
  const state = problems.length === 0 ? 'is ready' : 'is running, but not ready';
  say(`Astro Platform ${VERSION} ${state} at ${url} (${((performance.now() - began) / 1_000).toFixed(1)} s)`);
  say();
  if (problems.length > 0) {
    for (const problem of problems) say(`  ${problem}`);
    say('  What to do: "A damaged log" and "Upgrade" in docs/operator-guide.md.');
    return;
  }
  if (admin) {
    const file = relative(process.cwd(), admin.passwordFile) || admin.passwordFile;
    say(`  Login    ${admin.email}`);
    say(
      admin.password === undefined
        ? `  Password as set; a new one: npm run admin:password`
        : `  Password ${admin.password}   (also in ${file} until it is changed)`,
    );
    say();
  }
  say('  Next, in another terminal:');
  if (url !== 'http://127.0.0.1:8080') say(`    export ASTROPULSE_API_URL=${url}`);
  say('    npx astroctl auth login');
  say('    npx astroctl app apply -f examples/hello-world.yaml --wait');
  say('    npx astroctl app status hello-world');
  say();
  say(`  Log      ${relative(process.cwd(), logFile) || logFile}      Ctrl-C ends it; the data stays.`);
}
