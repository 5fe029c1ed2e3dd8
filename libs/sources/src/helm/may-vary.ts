import type { ChartFiles } from './chart-files.ts';

/** Functions of templates whose results differ between renders. `keys` and `values` return the keys of a map unsorted. */
const VARYING =
  /\b(?:rand[A-Z]\w*|shuffle|uuidv4|gen(?:PrivateKey|CA|SelfSigned|Signed)\w*|now|ago|htpasswd|bcrypt|encryptAES|keys|values)\b/;
/** Formats without templates. */
const NO_TEMPLATE = /\.(?:md|png|svg|json)$/i;

/**
 * Returns whether two renders of a chart can differ: a template, or a text that may become one by `tpl`, calls a function
 * that varies. Archives in the chart count as such texts, because they are not read.
 *
 * @param values texts of the values
 */
export const mayVary = (files: ChartFiles, values: readonly string[]): boolean =>
  values.some(callsVarying) ||
  [...files].some(
    ([path, content]) =>
      path.endsWith('.tgz') || (!NO_TEMPLATE.test(path) && callsVarying(Buffer.from(content).toString('utf8'))),
  );

const callsVarying = (text: string): boolean =>
  text
    .split('{{')
    .slice(1)
    .some((part) => VARYING.test(part.split('}}', 1)[0] ?? ''));
