import { z } from 'zod';
import { nearestName } from '#kernel';
import { readYaml } from './read-yaml.ts';

/** Version of a chart in the index of a repository. */
export interface IndexedVersion {
  readonly version: string;
  /** URLs of the archive, absolute or relative to the repository. */
  readonly urls: readonly string[];
  /** `sha256:` and hexadecimal digits. Many indexes have none. */
  readonly digest?: string;
}

export type IndexedChart =
  | { readonly found: 'versions'; readonly versions: readonly IndexedVersion[] }
  /** `nearest` is the existing name that was probably meant. */
  | { readonly found: 'no-chart'; readonly nearest?: string }
  | { readonly found: 'no-index' };

/** Largest text that is parsed as a whole. Larger ones are read chart by chart, which blocks for less than a ms. */
const MAX_WHOLE_BYTES = 256 * 1024;
const MAX_VERSIONS = 20_000;
const MAX_NAMES = 5_000;

const versionSchema = z.object({
  version: z.string().min(1).max(200),
  urls: z.array(z.string().max(4_096)).min(1),
  digest: z.string().optional(),
});
const wholeSchema = z.object({ entries: z.record(z.string(), z.array(z.unknown()).nullish()).nullish() });

/**
 * Reads the versions of one chart from an index.yaml of at most 20 MB. `helm repo index` writes one key per line, so
 * the lines of the chart are found without parsing the others, and each version is parsed on its own. JSON and small
 * indexes of another form are parsed as a whole.
 */
export async function readIndex(text: string, chart: string): Promise<IndexedChart> {
  const entries = entriesOf(text);
  if (!entries) return readWhole(text, chart);
  const section = sectionOf(entries, chart);
  if (section === undefined) return missing(chart, namesOf(entries));
  const items = itemsOf(section);
  if (items.length === 0) return readWhole(`entries:\n${entries.indent}x:\n${section}`, 'x');
  const versions: IndexedVersion[] = [];
  for (const [index, item] of items.entries()) {
    if (index % 50 === 49) await new Promise((resolve) => setImmediate(resolve)); // other work may run
    versions.push(...toVersion(readYaml(item)));
  }
  // Versions in braces have no lines of their own for their keys.
  if (versions.length === 0) return readWhole(`entries:\n${entries.indent}x:\n${section}`, 'x');
  return { found: 'versions', versions };
}

function readWhole(text: string, chart: string): IndexedChart {
  const isJson = /^\s*\{/.test(text);
  if (!isJson && text.length > MAX_WHOLE_BYTES) return { found: 'no-index' };
  const index = wholeSchema.safeParse(isJson ? readJson(text) : readYaml(text));
  if (!index.success) return { found: 'no-index' };
  const entries = new Map(Object.entries(index.data.entries ?? {}));
  const versions = entries.get(chart);
  return versions
    ? { found: 'versions', versions: versions.slice(0, MAX_VERSIONS).flatMap(toVersion) }
    : missing(chart, [...entries.keys()]);
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // reported as an index that cannot be read
  }
}

function missing(chart: string, names: readonly string[]): IndexedChart {
  const nearest = nearestName(chart, names.slice(0, MAX_NAMES));
  return { found: 'no-chart', ...(nearest !== undefined && { nearest }) };
}

function toVersion(value: unknown): readonly IndexedVersion[] {
  const parsed = versionSchema.safeParse(value);
  if (!parsed.success) return []; // helm leaves out invalid versions too
  const { version, urls, digest = '' } = parsed.data;
  const hex = /^(?:sha256:)?([0-9a-f]{64})$/i.exec(digest)?.[1];
  return [{ version, urls, ...(hex !== undefined && { digest: `sha256:${hex.toLowerCase()}` }) }];
}

/** Lines below `entries:`, and the indentation of the names of charts. */
interface Entries {
  readonly body: string;
  readonly indent: string;
}

function entriesOf(text: string): Entries | undefined {
  const start = /^entries:[ \t]*\r?$/m.exec(text);
  if (!start) return undefined;
  const rest = text.slice(start.index + start[0].length + 1);
  const first = /^(?:[ \t]*(?:#.*)?\r?\n)*( +)(?:[\w.-]+|"[^"\n]*"|'[^'\n]*'):/.exec(rest);
  if (first?.[1] === undefined) return undefined;
  const end = /^[^\s#]/m.exec(rest);
  return { body: rest.slice(0, end?.index ?? rest.length), indent: first[1] };
}

function sectionOf({ body, indent }: Entries, chart: string): string | undefined {
  const name = chart.replace(/[^\w-]/g, '\\$&');
  const key = new RegExp(`^${indent}(?:${name}|"${name}"|'${name}'):[ \\t]*\\r?$`, 'm').exec(body);
  if (!key) return undefined;
  const rest = body.slice(key.index + key[0].length + 1);
  const end = new RegExp(`^ {0,${indent.length}}[^\\s#-]`, 'm').exec(rest);
  return rest.slice(0, end?.index ?? rest.length);
}

const namesOf = ({ body, indent }: Entries): readonly string[] =>
  [...body.matchAll(new RegExp(`^${indent}["']?([\\w.-]+)["']?:`, 'gm'))].map(([, name = '']) => name);

const WANTED = /^(?:version|urls|digest):/;

/** Returns the lines of each item that belong to the wanted keys. */
function itemsOf(section: string): readonly string[] {
  const dash = /^( *)- +/m.exec(section);
  if (!dash) return [];
  const starts = new RegExp(`^ {${dash[1]?.length ?? 0}}-( +)`);
  const items: string[][] = [];
  let inner = 0;
  let isWanted = false;
  for (const line of section.split(/\r?\n/)) {
    const start = starts.exec(line);
    // A list may have the indentation of its key, as in `urls:` with `- https://…` in the next line; then it is deeper
    // than the dash of the item.
    if (start) {
      if (items.length === MAX_VERSIONS) break;
      items.push([]);
      inner = start[0].length;
    }
    const text = start ? line.slice(inner) : line.slice(inner).trimEnd();
    const isKey = start !== null || (/^ *$/.test(line.slice(0, inner)) && /^[^\s#-]/.test(text));
    if (isKey) isWanted = WANTED.test(text);
    if (isWanted) items.at(-1)?.push(text);
  }
  return items.map((lines) => lines.join('\n'));
}
