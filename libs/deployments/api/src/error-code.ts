/** Returns the code of an error of the operating system, such as `ENOENT`; `unknown error` if it has none. */
export const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unknown error';
