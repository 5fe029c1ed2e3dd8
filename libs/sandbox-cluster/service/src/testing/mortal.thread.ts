import { existsSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { z } from 'zod';
import type { Order } from '../sandbox-thread.service.ts';
import '../sandbox.thread.ts';

// A sandbox thread that a test can end or block: the command applies to the thread that serves the organization.
const told = z.object({ organizationId: z.string(), does: z.enum(['end', 'stop']), until: z.string().default('') });
const mine = new Set<string>();
parentPort?.on('message', ({ open }: Order) => void (open !== undefined && mine.add(open)));
new BroadcastChannel('sandbox-threads').onmessage = ({ data }: MessageEvent) => {
  const { organizationId, does, until } = told.parse(data);
  if (!mine.has(organizationId)) return;
  if (does === 'end') process.exit(7); // ends only this thread
  while (!existsSync(until)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
};
