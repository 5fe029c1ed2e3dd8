export { everyContract } from './contracts.ts';
