import { ExitCode, usage, type Options, type Outcome, type Session } from '#cli';
import {
  API_VERSION,
  describeFields,
  MANIFEST_SCHEMAS,
  SCHEMA_KINDS,
  type FieldDescription,
  type SchemaKind,
} from '#deployments/contract';
import { nearestName } from '#kernel';
import type { explainCommands } from './commands.cli.ts';

/** Short names of kinds. */
const SHORT: Readonly<Record<string, SchemaKind>> = {
  app: 'Application',
  profile: 'ApplicationProfile',
  cluster: 'K8sClusterRegistration',
  registration: 'K8sClusterRegistration',
};

/** Runs `explain`: describes a field of a manifest, in the format of `kubectl explain`. */
export async function explain(options: Options<typeof explainCommands.explain>, session: Session): Promise<Outcome> {
  const [first = '', ...rest] = options.field.split('.').filter((step) => step !== '');
  const kind = kindOf(first);
  if (!kind)
    return usage(
      `${first || 'It'} is not a kind of manifest.`,
      `use one of: ${SCHEMA_KINDS.map((known) => known.toLowerCase()).join(', ')}`,
    );
  const steps = (rest[0] === 'spec' ? rest.slice(1) : rest).map((step) => step.replace(/\[\d*\]$/, ''));
  let here: FieldDescription | undefined;
  let fields = describeFields(kind);
  for (const [index, step] of steps.entries()) {
    const found = fields.find(({ name }) => name === step);
    if (!found) {
      const known = fields.map(({ name }) => name);
      const nearest = nearestName(step, known);
      const at = [first, ...steps.slice(0, index)].join('.');
      return usage(
        `${at} has no field ${step}.`,
        nearest === undefined
          ? `list its fields: astroctl explain ${at}`
          : `did you mean ${nearest}? Run: astroctl explain ${at}.${nearest}`,
      );
    }
    here = found;
    fields = found.fields;
  }
  const about = here ?? { path: 'spec', description: MANIFEST_SCHEMAS[kind].description };
  await session.print.done(
    { kind, apiVersion: API_VERSION, ...about, fields },
    {
      text: explanation(kind, here, fields, options.recursive).join('\n'),
      name: `${kind.toLowerCase()}/${about.path}`,
    },
  );
  return ExitCode.Success;
}

const kindOf = (word: string): SchemaKind | undefined =>
  SCHEMA_KINDS.find((kind) => kind.toLowerCase() === word.toLowerCase()) ?? SHORT[word.toLowerCase()];

function explanation(
  kind: SchemaKind,
  field: FieldDescription | undefined,
  fields: readonly FieldDescription[],
  recursive: boolean,
): string[] {
  const description = field?.description ?? MANIFEST_SCHEMAS[kind].description;
  return [
    `KIND:       ${kind}`,
    `VERSION:    ${API_VERSION}`,
    '',
    ...(field ? [`FIELD: ${head(field)}`, ''] : []),
    'DESCRIPTION:',
    ...wrapped(description),
    ...(field && field.choices.length > 0 ? ['', 'ENUM:', ...field.choices.map((choice) => `    ${choice}`)] : []),
    ...(field?.example === undefined ? [] : ['', 'EXAMPLE:', `    ${field.name}: ${JSON.stringify(field.example)}`]),
    ...(fields.length > 0 ? ['', 'FIELDS:', ...(recursive ? tree(fields, '  ') : listed(fields))] : []),
    '',
  ];
}

const head = ({ name, type, isRequired }: FieldDescription): string =>
  `${name}\t<${type}>${isRequired ? ' -required-' : ''}`;

const listed = (fields: readonly FieldDescription[]): string[] =>
  fields.flatMap((field) => [`  ${head(field)}`, ...wrapped(field.description), '']).slice(0, -1);

const tree = (fields: readonly FieldDescription[], indentation: string): string[] =>
  fields.flatMap((field) => [`${indentation}${head(field)}`, ...tree(field.fields, `${indentation}  `)]);

const WIDTH = 76;

/** Wraps text into lines of at most 80 characters, indented by four spaces. */
function wrapped(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > WIDTH) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.map((line) => `    ${line}`);
}
