export { checkPlatform, type CheckOptions } from './check-platform.ts';
export { note, readNotes, type LoadNote } from './notes.ts';
export { runChecker } from './run-checker.ts';
