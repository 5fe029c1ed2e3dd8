import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseProblem } from '#cli';
import { parts } from '../../../apps/astroctl/src/parts.ts';
import type { Text } from './texts.ts';

/** Scripts of package.json, by name. */
export type Scripts = Readonly<Record<string, string>>;

export const scriptsOf = (root: string): Scripts =>
  JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).scripts;

/** First words of commands, so that `app status` in the documentation is recognized as one. */
const GROUPS: ReadonlySet<string> = new Set(
  parts.commands.filter(({ path }) => path.length > 1).map(({ path }) => path[0] ?? ''),
);
/** A command ends at punctuation of a sentence or a shell. Quoted words are kept together. */
const WORD = /"[^"]*"|'[^']*'|[^\s`'",;()|&<>#]+/g;
const END = /[`,;()|&<>#\n]|["'](?=[\s.]|$)/;
/** Words after `astroctl` in a sentence about the program itself. */
const SENTENCE =
  /^(is|was|can|cannot|may|must|will|and|or|of|has|on|to|for|itself|loads?|prints?|never|that|needs?|from|with|gives|does|login|’s|'s)\b/;
/** A text may name a command without its arguments, but an example must include them. */
const NAMED: ReadonlySet<string> = new Set(['commander.missingArgument', 'commander.optionMissingArgument']);
const HELP: ReadonlySet<string> = new Set(['commander.help', 'commander.helpDisplayed', 'commander.version']);

/** Returns one sentence, `file:line: …`, for each command in a text that does not exist or not with these options. */
export function commandProblems(texts: readonly Text[], scripts: Scripts): readonly string[] {
  return texts
    .filter(({ scope }) => scope === 'message' || scope === 'docs')
    .flatMap((text) => {
      const isExample = text.fence !== undefined;
      const problems = [
        ...mentions(text).map((words) => astroctlProblem(words, isExample)),
        ...[...text.text.matchAll(/\bnpm (?:run (?:-s |--silent )?)?([a-z][\w:-]*)/g)].map(([command, name = '']) =>
          npmProblem(command, name, scripts),
        ),
      ];
      return problems
        .filter((problem) => problem !== undefined)
        .map((problem) => `${text.file}:${text.line}: ${problem}`);
    });
}

/** Returns the words after `astroctl` of each command that a text names. */
export function mentions({
  text,
  scope,
  fence,
}: Pick<Text, 'text' | 'scope' | 'fence'>): readonly (readonly string[])[] {
  if (fence !== undefined && !['sh', 'bash', ''].includes(fence)) return [];
  const inCode = scope === 'docs' && fence === undefined;
  const sources = inCode ? [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code) : [text.replace(/\\\n/g, ' ')];
  return sources.flatMap((source) => {
    const named = [...source.matchAll(/(?<![\w/.-]|-c )astroctl (?=\S)/g)].map(({ index }) => source.slice(index + 9));
    const bare = inCode && GROUPS.has(/^\w+(?= [a-z-])/.exec(source)?.[0] ?? '') ? [source] : [];
    return [...named, ...bare].filter((rest) => !SENTENCE.test(rest)).map(wordsOf);
  });
}

function wordsOf(rest: string): string[] {
  const words: string[] = [];
  let at = 0;
  for (const match of rest.matchAll(WORD)) {
    if (END.test(rest.slice(at, match.index))) break;
    words.push(match[0].replace(/^(["'])(.*)\1$/, '$2').replace(/[.:?]+$/, ''));
    at = match.index + match[0].length;
  }
  return words.filter((word) => word !== '');
}

function astroctlProblem(words: readonly string[], isExample: boolean): string | undefined {
  const problem = parseProblem(words, parts);
  if (problem === undefined || HELP.has(problem.code)) return undefined;
  if (!isExample && NAMED.has(problem.code)) return undefined;
  if (problem.code === 'commander.invalidArgument' && words.some((word) => /…|^[A-Z]+$/.test(word))) return undefined;
  if (problem.code === 'commander.unknownCommand' && problem.message.includes('…')) return undefined;
  return `astroctl ${words.join(' ')}: ${problem.message.replace(/^error: /, '').split('\n')[0]}`;
}

const BUILT_IN: ReadonlySet<string> = new Set(['ci', 'install', 'version', 'run', 'exec']);

function npmProblem(command: string, name: string, scripts: Scripts): string | undefined {
  const known = command.startsWith('npm run') ? Object.hasOwn(scripts, name) : name in scripts || BUILT_IN.has(name);
  const isSentence = !command.startsWith('npm run') && !['test', 'start', 'ci', 'install', 'version'].includes(name);
  return known || isSentence ? undefined : `${command}: package.json has no such script`;
}

/** Returns one sentence for each relative link of Markdown whose target or heading does not exist. */
export function linkProblems(root: string, texts: readonly Text[]): readonly string[] {
  return texts
    .filter(({ scope, fence, file }) => scope === 'docs' && fence === undefined && file.endsWith('.md'))
    .flatMap(({ file, line, text }) =>
      [...text.matchAll(/\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]+))?\)/g)].flatMap(([, path = '', anchor]) => {
        const target = path === '' ? join(root, file) : join(root, file, '..', path);
        if (!existsSync(target)) return [`${file}:${line}: ${path} does not exist`];
        if (anchor !== undefined && !anchorsOf(readFileSync(target, 'utf8')).has(anchor))
          return [`${file}:${line}: ${path} has no heading #${anchor}`];
        return [];
      }),
    );
}

/** Bytes of a picture that everybody who clones the repository or opens its page loads. */
const PICTURE_BYTES = 100 * 1024;

/** Returns one sentence for each picture of the documentation that no page shows, or that is too large. */
export function pictureProblems(root: string, texts: readonly Text[]): readonly string[] {
  const shown = texts
    .filter(({ scope }) => scope === 'docs')
    .flatMap(({ file, text }) =>
      [...text.matchAll(/!\[[^\]]+\]\(([^)\s]+)\)/g)].map(([, path = '']) => join(file, '..', path)),
    );
  return globSync('docs/images/*', { cwd: root })
    .toSorted()
    .flatMap((file) => {
      const { size } = statSync(join(root, file));
      return [
        ...(shown.includes(file) ? [] : [`${file}: no page shows it`]),
        ...(size > PICTURE_BYTES ? [`${file}: has ${size} bytes, and may have ${PICTURE_BYTES}`] : []),
      ];
    });
}

/** Returns the anchors that GitHub creates from headings. */
const anchorsOf = (markdown: string): ReadonlySet<string> =>
  new Set(
    [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(' ', '-'),
    ),
  );
