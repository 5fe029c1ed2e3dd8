/** A file that a thread runs, with the Node options that it needs. */
export interface ThreadProgram {
  readonly file: URL;
  readonly execArgv: readonly string[];
}

/**
 * Returns the program `NAME.thread.ts` next to the calling file; in a bundle, `NAME.thread.mjs` next to the bundle.
 * From source, a thread gets the options with which its process reads TypeScript.
 * @param from `import.meta.url` of the calling file
 */
export function threadProgram(name: string, from: string): ThreadProgram {
  return from.endsWith('.ts')
    ? {
        file: new URL(`./${name}.thread.ts`, from),
        execArgv: ['--enable-source-maps', '--import', new URL('../../../tools/typescript.mjs', import.meta.url).href],
      }
    : { file: new URL(`./${name}.thread.mjs`, from), execArgv: [] };
}
