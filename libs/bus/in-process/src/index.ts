export { inProcessTransport } from './in-process.ts';
