// node flood.client.ts CLIENTS, with {url, person} as JSON on standard input: sends mixed requests of one organization
// until the input ends, then prints their number.
// Runs in a separate process, so that measured requests do not wait until these responses are read.
import { once } from 'node:events';
import process from 'node:process';
import { createInterface } from 'node:readline';
import type { Person } from '../../libs/testing/src/platform-people.ts';
import { mixedRequest } from './load.parts.ts';

const lines = createInterface({ input: process.stdin });
const [line] = (await once(lines, 'line')) as [string];
const { url, person } = JSON.parse(line) as { readonly url: string; readonly person: Person };
let isOver = false;
lines.once('close', () => (isOver = true));
let sent = 0;
await Promise.all(
  Array.from({ length: Number(process.argv[2]) }, async () => {
    while (!isOver) await mixedRequest(url, person, sent++);
  }),
);
process.stdout.write(`${sent}\n`);
