import process from 'node:process';

/** Prints a line to standard error. */
export const printError = (line: string): void => void process.stderr.write(`${line}\n`);
