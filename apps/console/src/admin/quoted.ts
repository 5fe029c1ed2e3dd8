/** Returns a text as an argument of a command in a POSIX shell. */
export const quoted = (text: string): string =>
  /^[A-Za-z0-9@%+=:,./_-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
