// node tools/service.mjs NAME: starts one service of the distributed profile from source.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const apps = join(import.meta.dirname, '..', 'apps');
/** Apps that are not services. */
const OTHERS = ['astroctl'];
const services = readdirSync(apps).filter(
  (name) => existsSync(join(apps, name, 'src', 'main.ts')) && !OTHERS.includes(name),
);
const [name = ''] = process.argv.slice(2);
if (services.includes(name)) await import(pathToFileURL(join(apps, name, 'src', 'main.ts')).href);
else {
  console.error(`Error: ${name === '' ? 'no service was named' : `no service is named ${name}`}.`);
  console.error(`Fix:   npm run service -- NAME, where NAME is one of: ${services.join(', ')}`);
  process.exitCode = 2;
}
