import process from 'node:process';
import { startEventStoreStandIn } from './event-store-stand-in.ts';

// The stand-in as a process of its own: `main.ts FILE PORT`. It can be frozen and killed like a server, and continues from its file.
const [, , file = '', port = '0'] = process.argv;
const standIn = await startEventStoreStandIn({ file, port: Number(port) });
process.stdout.write(`ready at ${standIn.port}\n`);
