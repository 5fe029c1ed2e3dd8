import { busContract } from '#bus/contract-suite';
import { inProcessTransport } from './in-process.ts';

busContract('in-process', { open: () => Promise.resolve(inProcessTransport()) });
