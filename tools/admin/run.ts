import process from 'node:process';

/** Runs a tool and prints its result. On failure, prints one sentence on standard error and sets the exit code to 1. */
export async function runTool(tool: () => Promise<string>): Promise<void> {
  try {
    process.stdout.write(`${await tool()}\n`);
  } catch (error) {
    process.stderr.write(`Error: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
