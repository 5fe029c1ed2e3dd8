import { basename, dirname } from 'node:path/posix';
import ts from 'typescript';
import {
  append,
  find,
  ignoringCases,
  importOf,
  inserted,
  listNamed,
  parse,
  typeNamed,
  type Files,
  type Insertion,
} from './edits.ts';
import {
  cliSpecText,
  cliText,
  contractText,
  decisionSpecText,
  decisionText,
  handlersText,
  type SkeletonParts,
} from './skeleton.ts';
import { camelCase, pascalCase, past, relativePath, sentence } from './words.ts';

export interface NewCommand {
  /** Folder below `libs/`, such as `organizations`. */
  readonly context: string;
  /** Verb of one or more words, such as `archive` or `move-away`. */
  readonly name: string;
  /** What is changed, such as `application`, if the context has several kinds of objects. */
  readonly of?: string;
}

/** Returns the texts by path that the skeleton of a command changes. */
export function skeletonOf(files: Files, { context, name, of }: NewCommand): ReadonlyMap<string, string> {
  if (!/^[a-z]+(-[a-z]+)*$/.test(name))
    throw new Error(`${name} is not a name: use a verb of lower-case words with hyphens`);
  const service = `libs/${context}/service/src`;
  const decider = deciderIn(files, service, of);
  // In a context with one decider, each command has a slice. In others, each decider has one.
  const home = dirname(decider.file);
  const slice = home === service ? `${service}/${name}` : home;
  const words = {
    camel: camelCase(name),
    event: `${decider.category}.${past(name)}.v1`,
    command: `${name}-${decider.noun}`,
  };
  const contract = `${words.camel}${pascalCase(decider.noun)}Request`;
  const handlers = `${pascalCase(name)}${pascalCase(decider.noun)}Handlers`;
  const from = (file: string) => relativePath(slice, file);
  const typeFrom = (type: string) => from(fileOf(decider, type));

  const { table, group, module } = commandsOf(files, context);
  const run = `${group}${pascalCase(name)}`;
  const isInline = importOf(decider.source, decider.state) === undefined;
  const parts: SkeletonParts = {
    context,
    name,
    noun: decider.noun,
    decider: { name: decider.name, from: from(decider.file) },
    stream: { name: decider.stream.name, from: from(decider.stream.file) },
    types: [decider.state, decider.error, decider.event].map((type) => ({ name: type, from: typeFrom(type) })),
    event: words.event,
    command: words.command,
    contract,
    handlers,
    cli: { table: table.name, commands: `${camelCase(context)}Commands`, group, run },
  };
  const created = new Map([
    ...(isInline ? [] : [[`${slice}/${words.command}.ts`, decisionText(parts)] as const]),
    [`${slice}/${words.command}.spec.ts`, decisionSpecText(parts)],
    [`${slice}/${name}.handlers.ts`, handlersText(parts)],
    [`libs/${context}/contract/src/${name}.contract.ts`, contractText(parts)],
    [`libs/${context}/api/src/${name}.cli.ts`, cliText(parts)],
    [`libs/${context}/api/src/${name}.cli.spec.ts`, cliSpecText(parts)],
  ]);
  const present = [...created.keys()].find((file) => files.has(file));
  if (present !== undefined) throw new Error(`${present} exists already`);
  const insertions = [
    ...eventEdits(files, decider.event, words.event),
    ...deciderEdits(decider, words.command, isInline ? undefined : relativePath(home, `${slice}/${words.command}.ts`)),
    ...wiringEdits(files, context, { contract, handlers, name, slice }),
    append(
      table.file,
      table.value,
      `${run}: { path: ['${group}', '${name}'], summary: '${sentence(name)}', examples: ['astroctl ${group} ${name}'] }`,
    ),
    { file: module, at: (files.get(module) ?? '').length, text: `\nexport { ${run} } from './${name}.cli.ts';\n` },
  ];
  return new Map([...created, ...inserted(files, insertions)]);
}

interface Decider {
  readonly file: string;
  readonly source: ts.SourceFile;
  /** Such as `organizationDecider`, and the types in its declaration. */
  readonly name: string;
  readonly state: string;
  readonly command: string;
  readonly event: string;
  readonly error: string;
  /** Such as `organization` or `key-ring`. */
  readonly noun: string;
  /** First word of its event types. */
  readonly category: string;
  readonly stream: { readonly name: string; readonly file: string };
}

function deciderIn(files: Files, service: string, of: string | undefined): Decider {
  const found = [...files.keys()].filter((file) => file.startsWith(`${service}/`) && file.endsWith('.decider.ts'));
  const chosen =
    of === undefined
      ? found.filter((file) => dirname(file) === service)
      : found.filter((file) => basename(file) === `${of}.decider.ts`);
  const [file, ...more] = chosen;
  const nouns = found.map((path) => basename(path, '.decider.ts'));
  if (file === undefined || more.length > 0)
    throw new Error(`say what is changed: --of ${nouns.join(', --of ') || 'NOUN; the context has no decider'}`);

  const source = parse(files, file);
  const declared = find(source, (node) =>
    ts.isVariableDeclaration(node) &&
    node.type &&
    ts.isTypeReferenceNode(node.type) &&
    node.type.typeName.getText() === 'Decider'
      ? node
      : undefined,
  );
  const types =
    declared?.type && ts.isTypeReferenceNode(declared.type)
      ? declared.type.typeArguments?.map((type) => type.getText())
      : undefined;
  const [state = '', command = '', event = '', error = ''] = types ?? [];
  const noun = basename(file, '.decider.ts');
  const stream = { name: `${camelCase(noun)}Stream`, file: '' };
  const holder = [...files].find(
    ([path, text]) => path.startsWith(`${service}/`) && text.includes(`export const ${stream.name} =`),
  );
  if (!declared || !holder) throw new Error(`${file} has no decider with a ${stream.name}`);
  const [category = noun] = eventTypes(files, event).types[0]?.split('.') ?? [];
  return {
    file,
    source,
    name: declared.name.getText(),
    state,
    command,
    event,
    error,
    noun,
    category,
    stream: { ...stream, file: holder[0] },
  };
}

/** Returns the file of the package that declares or exports a type of a decider. */
function fileOf({ file, source }: Decider, type: string): string {
  const from = importOf(source, type);
  return from === undefined ? file : `${dirname(file)}/${from}`.replace(/\/\.\//g, '/');
}

/** Returns where a union of events is declared, and its types. */
function eventTypes(files: Files, event: string) {
  for (const file of files.keys()) {
    if (!file.endsWith('.events.ts') || !files.get(file)?.includes(`type ${event} =`)) continue;
    const union = typeNamed(parse(files, file), event)?.type;
    if (union)
      return { file, union, types: [...union.getText().matchAll(/Fact<\s*'([^']+)'/g)].map(([, type]) => type ?? '') };
  }
  throw new Error(`no .events.ts file declares ${event}`);
}

function eventEdits(files: Files, event: string, added: string): Insertion[] {
  const { file, union, types } = eventTypes(files, event);
  const table = find(parse(files, file), (node) =>
    ts.isVariableDeclaration(node) && node.type?.getText() === `EventFamily<${event}>` && node.initializer
      ? find(node.initializer, (inner) =>
          ts.isPropertyAssignment(inner) &&
          inner.name.getText() === 'types' &&
          ts.isObjectLiteralExpression(inner.initializer)
            ? inner.initializer
            : undefined,
        )
      : undefined,
  );
  if (!table) throw new Error(`${file} has no EventFamily<${event}> with a table of types`);
  return [
    { file, at: union.end, text: `\n  | Fact<'${added}', Record<never, never>>` },
    append(file, table, `'${added}': true`),
    ...ignoringCases(files, types, added),
  ];
}

/** @param decision module of the decision; if absent, the decision is written into the decider */
function deciderEdits({ file, source, command }: Decider, type: string, decision: string | undefined): Insertion[] {
  const union = typeNamed(source, command)?.type;
  const decides = find(source, (node) =>
    ts.isFunctionDeclaration(node) && node.parameters[0]?.type?.getText() === command ? node : undefined,
  );
  const cases = decides && find(decides, (node) => (ts.isSwitchStatement(node) ? node.caseBlock : undefined));
  if (!union || !cases) throw new Error(`${file} has no function that decides a ${command} by its type`);
  const given = decides.parameters.map(({ name }) => name.getText()).slice(0, 2);
  const at = cases.clauses.find(ts.isDefaultClause)?.getStart() ?? cases.end - 1;
  if (decision === undefined)
    return [
      { file, at: union.end, text: `\n  | { readonly type: '${type}' }` },
      { file, at, text: `case '${type}': return ok([]);\n` },
    ];
  return [
    { file, at: 0, text: `import { ${camelCase(type)}, type ${pascalCase(type)} } from '${decision}';\n` },
    { file, at: union.end, text: ` | ${pascalCase(type)}` },
    { file, at, text: `case '${type}': return ${camelCase(type)}(${given.join(', ')});\n` },
  ];
}

function wiringEdits(
  files: Files,
  context: string,
  { contract, handlers, name, slice }: Record<'contract' | 'handlers' | 'name' | 'slice', string>,
): Insertion[] {
  const index = `libs/${context}/contract/src/index.ts`;
  const rest = `libs/${context}/api/src/rest.ts`;
  const module = `libs/${context}/service/src/${context}.module.ts`;
  const readme = `libs/${context}/README.md`;
  const controllers = listNamed(parse(files, module), 'controllers');
  const routes = find(parse(files, rest), (node) => (ts.isArrayLiteralExpression(node) ? node : undefined));
  if (!controllers || !routes) throw new Error(`${module} has no controllers, or ${rest} no list`);
  const slices = /^\*\*Slices\*\*[^\n]*?(?=\.$)/m.exec(files.get(readme) ?? '');
  return [
    { file: index, at: 0, text: `export { ${contract} } from './${name}.contract.ts';\n` },
    { file: rest, at: 0, text: `import { ${contract} } from '#${context}/contract';\n` },
    append(rest, routes, contract),
    {
      file: module,
      at: 0,
      text: `import { ${handlers} } from '${relativePath(dirname(module), `${slice}/${name}.handlers.ts`)}';\n`,
    },
    append(module, controllers, handlers),
    ...(slices && slice.endsWith(`/${name}`)
      ? [{ file: readme, at: slices.index + slices[0].length, text: `, \`${name}\`` }]
      : []),
  ];
}

/**
 * Returns the first table of commands of a context, the first word of its commands, and the module that implements
 * them.
 */
function commandsOf(files: Files, context: string) {
  const folder = `libs/${context}/api/src`;
  const file = `${folder}/commands.cli.ts`;
  const implemented = /implement\(\s*(\w+),\s*\(\) => import\('\.\/([^']+)'\)/.exec(
    files.get(`${folder}/cli.ts`) ?? '',
  );
  const [, name = '', module = ''] = implemented ?? [];
  const declared = find(parse(files, file), (node) =>
    ts.isVariableDeclaration(node) && node.name.getText() === name ? node : undefined,
  );
  const value = declared && find(declared, (node) => (ts.isObjectLiteralExpression(node) ? node : undefined));
  const group = /path: \['([a-z]+)'/.exec(value?.getText() ?? '')?.[1];
  if (!value || group === undefined) throw new Error(`${file} has no table of commands`);
  return { table: { file, name, value }, group, module: `${folder}/${module}` };
}
