import process from 'node:process';

/** Runs a tool: what it returns goes to standard output; a fault is one sentence on standard error and exit code 1. */
export async function runTool(tool: () => Promise<string>): Promise<void> {
  try {
    process.stdout.write(`${await tool()}\n`);
  } catch (error) {
    process.stderr.write(`Error: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
