export { followLog, logHead, logOf } from './log.ts';
