import { commandFor, flagOf } from '../shared/command-line.ts';

/** Returns the command that applies the manifest of an application, which is saved in a file of its name. */
export const applyCommand = (org: string, name: string, reason = ''): string =>
  commandFor({ org }, 'app', 'apply', '-f', `${name}.yaml`, '--wait', ...flagOf('-m', reason.trim()));
