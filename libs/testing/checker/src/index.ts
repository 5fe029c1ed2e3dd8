export { checkPlatform } from './check-platform.ts';
export { note, readNotes } from './notes.ts';
export { runChecker } from './run-checker.ts';
