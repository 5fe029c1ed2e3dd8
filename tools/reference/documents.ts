import { PERMISSIONS, ROLES, type PermissionRule } from '#access';
import { EXIT_CODES } from '#cli';
import {
  API_VERSION,
  describeFields,
  MANIFEST_SCHEMAS,
  manifestSchema,
  SCHEMA_KINDS,
  type FieldDescription,
} from '#deployments/contract';
import type { ErrorKind } from '#kernel';
import { defaultShown, VARIABLES, type Variable } from '#runtime';
import { everyContract } from '#testing/contracts';
import { parts } from '../../apps/astroctl/src/parts.ts';
import { citations, readCatalogue } from './attacks.ts';
import { errorCodes } from './errors.ts';
import { testTitles } from './test-titles.ts';

const CONTRACTS = (await everyContract()).map(({ contract }) => contract);
const NOTE = 'Generated from the sources by `npm run reference`; do not edit.';
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ').trim() || '–';
const code = (text: string): string => `\`${text}\``;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');
}
const page = (title: string, ...parts: readonly string[]): string => `# ${title}\n\n${NOTE}\n\n${parts.join('\n\n')}\n`;

/** Every generated page, by its path in `docs`. @param root of the repository */
export function referencePages(root: string): Readonly<Record<string, string>> {
  return {
    'reference/permissions.md': permissions(),
    'reference/settings.md': settings(),
    'reference/rest.md': rest(),
    'reference/cli.md': cli(),
    'reference/errors.md': errors(root),
    'reference/manifests.md': manifests(),
    ...schemas(),
    'security/attacks.md': attacks(root),
  };
}

const LETTERS = { owner: 'O', admin: 'A', editor: 'E', viewer: 'V' } as const;

function permissions(): string {
  const who = ({ scope, roles, audit, globalAdmin }: PermissionRule): string => {
    if (scope === 'self') return 'any user';
    const letters = ROLES.filter((role) => roles.includes(role)).map((role) => LETTERS[role]);
    return [
      ...letters.toSorted((a, b) => 'OAEV'.indexOf(a) - 'OAEV'.indexOf(b)),
      ...(audit ? ['R'] : []),
      ...(globalAdmin ? ['G'] : []),
    ].join(' ');
  };
  return page(
    'Permissions',
    'O owner, A admin, E editor, V viewer of the organization; R whoever has the right `audit`; G global admin, by login always. *By*: `key` = an access key or a login, `login` = a person’s login only. Some requests decide further by the object, such as a protected profile, an owner, or the key of another.',
    table(
      ['permission', 'covers', 'who', 'by'],
      Object.entries<PermissionRule>(PERMISSIONS).map(([name, rule]) => [
        code(name),
        rule.covers,
        who(rule),
        code(rule.by),
      ]),
    ),
  );
}

function settings(): string {
  return page(
    'Settings of the server',
    'Environment variables. A value that is wrong or empty stops the start with one sentence for each mistake; a name that begins with `ASTRO_` and is none of these is warned about.',
    table(
      ['variable', 'meaning', 'default', 'for example'],
      Object.values<Variable>(VARIABLES).map((variable) => {
        const { name, meaning, good } = variable;
        const usual = defaultShown(variable);
        return [code(name), meaning, usual.startsWith('http') || /^\d+$/.test(usual) ? code(usual) : usual, code(good)];
      }),
    ),
  );
}

function rest(): string {
  const routes = CONTRACTS.flatMap(({ route, kind, permission, summary }) => {
    const [method, path] = route?.split(' ') ?? [];
    return method && path ? [{ method, path, kind, permission: String(permission), summary: summary ?? '' }] : [];
  }).toSorted((a, b) => (`${a.path} ${a.method}` < `${b.path} ${b.method}` ? -1 : 1));
  return page(
    'REST',
    'Schemas of all requests and answers are in `/openapi.json` of a running platform. `/livez`, `/readyz`, `/metrics`, `/openapi.json` and `/download/astroctl.tgz` (the command line, as an npm package) need no credential. Streams answer with server-sent events for `Accept: text/event-stream` or `follow=true`, else with everything there is as `items`.',
    table(
      ['route', 'does', 'permission'],
      routes.map(({ method, path, kind, permission, summary }) => [
        code(`${method} ${path}`),
        `${summary}${kind === 'stream' ? ' (stream)' : ''}`,
        code(permission),
      ]),
    ),
  );
}

function cli(): string {
  const sections = parts.commands
    .filter(({ hidden }) => !hidden)
    .toSorted((a, b) => (a.path.join(' ') < b.path.join(' ') ? -1 : 1))
    .map(({ path, summary, options = {}, examples }) => {
      const words = Object.entries(options).filter(([, { positional }]) => positional);
      const flags = Object.entries(options).filter(([, { positional }]) => !positional);
      const usage = [
        ...path,
        ...words.map(([name, { positional }]) =>
          positional === 'optional' ? `[${name}]` : positional === 'many' ? `${name}…` : name,
        ),
        ...(flags.length > 0 ? ['[flags]'] : []),
      ].join(' ');
      const rows = [...words, ...flags].map(([name, { help, short, value, choices, positional, default: usual }]) => [
        code(positional ? name : `${short ? `-${short}, ` : ''}--${name}${value ? ` ${value}` : ''}`),
        [
          help,
          choices && !choices.every((choice) => help.includes(choice)) ? `one of ${choices.join(', ')}` : '',
          usual === undefined ? '' : `default ${usual}`,
        ]
          .filter(Boolean)
          .join('; '),
      ]);
      return [
        `## ${path.join(' ')}`,
        `${summary}.`,
        `    astroctl ${usage}`,
        ...(rows.length > 0 ? [table(['option', 'meaning'], rows)] : []),
        ['```sh', ...examples, '```'].join('\n'),
      ].join('\n\n');
    });
  return page(
    'astroctl',
    'Flags of every command: `-o`, `--org`, `--api-url`, `--request-timeout`, `--as-admin`, `--no-color`, `-q`, `-y`, `--debug`, `-h`.',
    ...sections,
  );
}

/** JSON Schemas as they are published and packed. */
const schemas = (): Record<string, string> =>
  Object.fromEntries(
    SCHEMA_KINDS.map((kind) => [
      `reference/schemas/${kind.toLowerCase()}.json`,
      `${JSON.stringify(manifestSchema(kind), null, 2)}\n`,
    ]),
  );

function manifests(): string {
  const rows = (fields: readonly FieldDescription[]): string[][] =>
    fields.flatMap(({ path, type, description, isRequired, choices, example, fields: inner }) => [
      [
        code(path),
        `${type}${isRequired ? ', required' : ''}`,
        `${description}${choices.length > 0 ? ` One of ${choices.map(code).join(', ')}.` : ''}`,
        example === undefined ? '' : code(JSON.stringify(example)),
      ],
      ...rows(inner),
    ]);
  return page(
    'Manifests',
    `YAML or JSON: \`apiVersion: ${API_VERSION}\`, \`kind\`, perhaps \`metadata.name\`, and the fields below in \`spec\`; or these fields alone. \`astroctl explain application.source.image\` shows the same. JSON Schemas for editors are at \`/v1/schemas/application.json\` and so on of a running platform, and [beside this page](schemas/application.json). Examples are JSON, which is YAML too.`,
    ...SCHEMA_KINDS.flatMap((kind) => [
      `## ${kind}`,
      MANIFEST_SCHEMAS[kind].description,
      table(['field', 'type', 'meaning', 'example'], rows(describeFields(kind))),
    ]),
  );
}

const STATUS: Readonly<Record<ErrorKind, number>> = {
  invalid: 422,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  limit: 403,
  unavailable: 503,
};

function errors(root: string): string {
  const isKind = (kind: string): kind is ErrorKind => kind in STATUS;
  const answer = (kind: string | undefined): string =>
    kind === undefined
      ? 'ends a rollout'
      : isKind(kind)
        ? `${STATUS[kind]}, exit ${EXIT_CODES[kind]}`
        : `${kind}, exit 1`;
  return page(
    'Errors',
    'Every refusal has a stable code. HTTP status and exit code of `astroctl` follow from its kind. `{word}` stands for what the code is about; `…` for what is filled in. Codes that end a rollout are shown by `app status`, `app events` and on the `Ref:` line of `--wait`, which exits with 3.',
    table(
      ['code', 'answer', 'says'],
      errorCodes(root).map(({ code: name, kind, detail }) => [code(name), answer(kind), detail]),
    ),
  );
}

function attacks(root: string): string {
  const { groups } = readCatalogue(root);
  const tests = citations(testTitles(root));
  const index = groups
    .flatMap(({ rows }) => Object.keys(rows))
    .flatMap((id) => (tests.get(id) ?? []).map(({ file, title }) => [id, `[${file}](../../${file})`, title]));
  return page(
    'Attacks and faults',
    'What the platform is tested against. The catalogue is `attacks.yaml` beside this page; the titles of tests cite its rows. Every row has a test. Tests in `*.engine.spec.ts` and `*.chaos.spec.ts` need a real server, which `.ci/run` starts.',
    ...groups
      .filter(({ rows }) => Object.keys(rows).length > 0)
      .flatMap(({ id, title, rows }) => [
        `## ${id}. ${title}`,
        table(
          ['row', 'attack or fault', 'answer'],
          Object.entries(rows).map(([row, { attack, answer }]) => [row, attack, answer]),
        ),
      ]),
    '## Tests of each row',
    table(['row', 'file', 'title'], index),
  );
}
