export { systemClock, systemIds } from './system.ts';
