import process from 'node:process';

/** Prints a line for whoever started the process: on standard error. */
export const printError = (line: string): void => void process.stderr.write(`${line}\n`);
