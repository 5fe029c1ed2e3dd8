/** A file that a thread runs, and what Node needs to run it. */
export interface ThreadProgram {
  readonly file: URL;
  readonly execArgv: readonly string[];
}

/**
 * The program `NAME.thread.ts` beside the file that asks for it; in a bundle, `NAME.thread.mjs` beside the bundle. From source
 * a thread needs what its process needs to read TypeScript.
 * @param from `import.meta.url` of the file that asks
 */
export function threadProgram(name: string, from: string): ThreadProgram {
  return from.endsWith('.ts')
    ? {
        file: new URL(`./${name}.thread.ts`, from),
        execArgv: ['--enable-source-maps', '--import', new URL('../../../tools/typescript.mjs', import.meta.url).href],
      }
    : { file: new URL(`./${name}.thread.mjs`, from), execArgv: [] };
}
