import { PERMISSIONS, ROLES, type PermissionRule } from '#access';
import { permissionsOf } from '#bus/contract';
import { serverError } from '#cli';
import {
  API_VERSION,
  describeFields,
  MANIFEST_SCHEMAS,
  manifestSchema,
  SCHEMA_KINDS,
  type FieldDescription,
} from '#deployments/contract';
import { problemOf } from '#http';
import { domainError, ERROR_KINDS } from '#kernel';
import { defaultShown, VARIABLES, type Variable } from '#runtime';
import { everyContract } from '#testing/contracts';
import { parts } from '../../apps/astroctl/src/parts.ts';
import { percentKilled, readResults, REQUIRED_PERCENT } from '../mutants/results.ts';
import { SLICE_NAMES, SLICES } from '../mutants/slices.ts';
import { citations, readCatalogue } from './attacks.ts';
import { errorCodes, type ErrorCode } from './errors.ts';
import { testTitles } from './test-titles.ts';

const CONTRACTS = (await everyContract()).map(({ contract }) => contract);
const NOTE = 'Generated from the sources by `npm run reference`; do not edit.';
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ').trim() || '–';
const code = (text: string): string => `\`${text}\``;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');
}
const page = (title: string, ...parts: readonly string[]): string => `# ${title}\n\n${NOTE}\n\n${parts.join('\n\n')}\n`;

/** Returns all generated pages, by their path in `docs`. @param root of the repository */
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
    'development/mutation-testing.md': mutationTesting(root),
  };
}

const LETTERS = { owner: 'O', admin: 'A', editor: 'E', viewer: 'V' } as const;

function permissions(): string {
  const who = ({ scope, roles, audit, globalAdmin, exceptProtected }: PermissionRule): string => {
    if (scope === 'self') return 'any user';
    const letters = ROLES.filter((role) => roles.includes(role)).map((role) => LETTERS[role]);
    const excepted = exceptProtected?.map((role) => LETTERS[role]);
    return [
      ...letters
        .toSorted((a, b) => 'OAEV'.indexOf(a) - 'OAEV'.indexOf(b))
        .map((letter) => (excepted?.includes(letter) ? `${letter}¹` : letter)),
      ...(audit ? ['R'] : []),
      ...(globalAdmin ? ['G'] : []),
    ].join(' ');
  };
  return page(
    'Permissions',
    '*Who*: O owner, A admin, E editor, V viewer of the organization; R anyone with the `audit` right; G global admin, with a login only; ¹ not where a protected profile applies. *With*: `key` = an access key or a login, `login` = a person’s login only. Some requests also depend on the object, such as a protected profile, an owner, or another user’s key.',
    table(
      ['permission', 'allows', 'who', 'with'],
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
    'Settings are environment variables. If a value is invalid or empty, the server does not start and prints one sentence for each mistake. It prints a warning for an unknown name that begins with `ASTRO_`.',
    table(
      ['variable', 'meaning', 'default', 'example'],
      Object.values<Variable>(VARIABLES).map((variable) => {
        const { name, meaning, good } = variable;
        const usual = defaultShown(variable);
        return [code(name), meaning, usual.startsWith('http') || /^\d+$/.test(usual) ? code(usual) : usual, code(good)];
      }),
    ),
  );
}

function rest(): string {
  const routes = CONTRACTS.flatMap((contract) => {
    const { route, kind, summary } = contract;
    const [method, path] = route?.split(' ') ?? [];
    return method && path ? [{ method, path, kind, permissions: permissionsOf(contract), summary: summary ?? '' }] : [];
  }).toSorted((a, b) => (`${a.path} ${a.method}` < `${b.path} ${b.method}` ? -1 : 1));
  return page(
    'REST',
    'A running platform serves the schemas of all requests and responses at `/openapi.json`. `/livez`, `/readyz`, `/metrics`, `/openapi.json`, and `/download/astroctl.tgz` (`astroctl` as an npm package) require no credential. A route marked as a stream sends server-sent events for `Accept: text/event-stream` or `follow=true`; otherwise it returns all existing entries as `items`.',
    table(
      ['route', 'description', 'permission'],
      routes.map(({ method, path, kind, permissions, summary }) => [
        code(`${method} ${path}`),
        `${summary}${kind === 'stream' ? ' (stream)' : ''}`,
        permissions.map(code).join(', or '),
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
    'Every command accepts these flags: `-o`, `--org`, `--api-url`, `--request-timeout`, `--as-admin`, `--no-color`, `-q`, `-y`, `--debug`, `-h`.',
    ...sections,
  );
}

/** Returns the JSON Schemas as they are published and packaged. */
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
    `A manifest is YAML or JSON. It has \`apiVersion: ${API_VERSION}\`, \`kind\`, optionally \`metadata.name\`, and the fields below in \`spec\`. You can also write only the fields. \`astroctl explain application.source.image\` shows the same descriptions. For editors, a running platform serves JSON Schemas, such as \`/v1/schemas/application.json\`; they are also [in this folder](schemas/application.json). The examples are JSON, which is valid YAML.`,
    ...SCHEMA_KINDS.flatMap((kind) => [
      `## ${kind}`,
      MANIFEST_SCHEMAS[kind].description,
      table(['field', 'type', 'meaning', 'example'], rows(describeFields(kind))),
    ]),
  );
}

/** HTTP status and exit code of an error, as the edge and `astroctl` determine them. */
function outcomeOf({ code: name, kind }: ErrorCode): string {
  if (kind === undefined) return 'ends a rollout';
  const error = domainError(name, ERROR_KINDS.find((known) => known === kind) ?? 'invalid', '');
  const status = error.kind === kind ? problemOf(error, '').status : Number(kind); // an error of the edge has a status
  const exit = `exit ${serverError(error, status, undefined).exit}`;
  return name.startsWith('client/') ? exit : `${status}, ${exit}`;
}

function errors(root: string): string {
  return page(
    'Errors',
    'Every error has a stable code, an HTTP status, and an exit code of `astroctl`. Errors that begin with `client/` are from `astroctl` itself. `{word}` and `…` are placeholders. Errors with several causes have one of their messages and fixes here. `app status`, `app events`, and the `Ref:` line of `--wait` show the codes that end a rollout; `--wait` then exits with 3.',
    table(
      ['code', 'HTTP status, exit code', 'message', 'fix'],
      errorCodes(root).map((error) => [code(error.code), outcomeOf(error), error.detail, error.fix]),
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
    'The platform is tested against these attacks and faults. They are listed in `attacks.yaml` in this folder, and each row has at least one test, whose title contains the ID of the row. Tests in `*.engine.spec.ts` and `*.chaos.spec.ts` need a real server, which `.ci/run` starts.',
    ...groups
      .filter(({ rows }) => Object.keys(rows).length > 0)
      .flatMap(({ id, title, rows }) => [
        `## ${id}. ${title}`,
        table(
          ['row', 'attack or fault', 'result'],
          Object.entries(rows).map(([row, { attack, answer }]) => [row, attack, answer]),
        ),
      ]),
    '## Tests',
    table(['row', 'file', 'title'], index),
  );
}

function mutationTesting(root: string): string {
  const results = readResults(root);
  const survivors = SLICE_NAMES.flatMap((name) => results[name]?.survivors ?? []);
  const rows = SLICE_NAMES.map((name) => {
    const [result, { sources, tests }] = [results[name], SLICES[name]];
    const measured = result
      ? [`${percentKilled(result)} %`, String(result.killed), String(result.survivors.length)]
      : ['not measured', '', ''];
    return [code(name), ...measured, sources.map(code).join(', '), tests.map(code).join(', ')];
  });
  return page(
    'Mutation testing',
    `\`npm run mutants\` changes the sources below in one place at a time, with [StrykerJS](https://stryker-mutator.io), and runs the tests of the slice for each change. A change (*mutant*) is killed if a test fails or never ends. At least ${REQUIRED_PERCENT} % of the mutants of each measured slice must be killed, and each survivor needs a reason. \`npm run mutants -- billing\` tests one slice. The results are in \`mutation-testing.yaml\` in this folder. CI does not run this command, but checks that the results belong to the present sources.`,
    table(['slice', 'killed', 'mutants killed', 'survivors', 'sources', 'tests'], rows),
    '## Survivors',
    survivors.length === 0
      ? 'None in the measured slices.'
      : table(
          ['file', 'line', 'replacement', 'reason'],
          survivors.map(({ file, line, mutator, replacement, reason }) => [
            `[${file}](../../${file})`,
            code(line),
            replacement === '' ? mutator : `${mutator}: ${code(replacement)}`,
            reason,
          ]),
        ),
  );
}
