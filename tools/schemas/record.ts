// Records the Kubernetes schemas that the sandbox and the offline manifest check use, from a real server:
// node --import ./tools/typescript.mjs tools/schemas/record.ts --kubeconfig FILE
// Writes kubernetes-1.36.json and descriptions-1.36.json in libs/kubernetes/schemas/data. Only reads and dry runs; the
// same server produces the same files.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { canonicalJson } from '#kernel';
import { openSchemas, type ResourceData, type SchemaData, type Schemas } from '#kubernetes/schemas';
import { pathOf, readDefinitions, readDescriptions, readResources } from './documents.ts';
import { OBJECTS } from './objects.ts';
import { conclude, observeObject, type Observations } from './observe.ts';
import { openServer, type Server } from './server.ts';
import { valueAt, withValue, zeroProbes, type ZeroProbe } from './zero.ts';

const { values } = parseArgs({
  options: {
    kubeconfig: { type: 'string' },
    output: { type: 'string', default: 'libs/kubernetes/schemas/data/kubernetes-1.36.json' },
    descriptions: { type: 'string', default: 'libs/kubernetes/schemas/data/descriptions-1.36.json' },
  },
});
if (!values.kubeconfig) throw new Error('say which server: --kubeconfig FILE');
const server = openServer(values.kubeconfig);

const { major, minor } = await server.get('/version');
const version = `${major}.${minor}`; // a server built from source may have no patch version
const definitions = await readDefinitions(server);
const resources = await readResources(server, definitions);
const bare: SchemaData = {
  version,
  resources,
  definitions,
  defaults: {},
  conditional: {},
  omitsZero: {},
  keepsZero: {},
  nullsZero: {},
};
const schemas = openSchemas(bare);
const { defaults, conditional } = conclude(await observeDefaults(server, schemas));
const zeros = await observeZeros(server, schemas);
const descriptions = await readDescriptions(server);
server.close();

const recorded: SchemaData = { ...bare, defaults, conditional, ...zeros };
// Resources are in the order of the server, as in discovery. All other data is sorted.
writeFileSync(values.output, `${canonicalJson(recorded)}\n`);
writeFileSync(values.descriptions, `${canonicalJson(descriptions)}\n`);
process.stdout.write(
  `${values.output}: ${version}, ${resources.length} resources, ${Object.keys(definitions).length} definitions\n`,
);

function createPath(resource: ResourceData): string {
  const prefix = pathOf(resource.group === '' ? resource.version : `${resource.group}/${resource.version}`);
  return `/${prefix}/${resource.namespaced ? 'namespaces/default/' : ''}${resource.plural}?dryRun=All&fieldValidation=Strict&fieldManager=record`;
}

async function observeDefaults(from: Server, known: Schemas): Promise<Observations> {
  const notes: Observations = new Map();
  const refused: string[] = [];
  for (const object of OBJECTS) {
    const resource = known.kind(object.apiVersion, object.kind);
    if (!resource) throw new Error(`${object.apiVersion} ${object.kind} is not recorded`);
    const answer = await from.ask('POST', createPath(resource), { body: object });
    if (answer.status !== 201) refused.push(`${object.kind}: ${answer.body?.message ?? answer.body}`);
    else observeObject(known.schemaOf(resource), JSON.parse(JSON.stringify(object)), answer.body, notes);
  }
  if (refused.length > 0) throw new Error(`the server refused objects of ours:\n${refused.join('\n')}`);
  return notes;
}

/** Go omits some zero values when it writes an object. This is not documented, so each field is tried. */
async function observeZeros(from: Server, known: Schemas) {
  const verdicts = new Map<string, Map<string, Verdict>>();
  for (const object of OBJECTS) {
    const resource = known.kind(object.apiVersion, object.kind);
    if (!resource) continue;
    const sample: unknown = JSON.parse(JSON.stringify(object));
    const wanted = zeroProbes(known.schemaOf(resource), sample).filter(
      ({ definition, field }) => !verdicts.get(definition)?.has(field),
    );
    const answers = await Promise.all(
      wanted.map(async (probe) => ({
        probe,
        answer: await from.ask('POST', createPath(resource), { body: withValue(sample, probe.path, probe.zero) }),
      })),
    );
    for (const { probe, answer } of answers) {
      if (answer.status !== 201) continue;
      verdicts.set(
        probe.definition,
        (verdicts.get(probe.definition) ?? new Map<string, Verdict>()).set(
          probe.field,
          verdictOf(valueAt(answer.body, probe.path), probe),
        ),
      );
    }
  }
  const pick = (wanted: Verdict) =>
    Object.fromEntries(
      [...verdicts]
        .map(
          ([definition, fields]) =>
            [
              definition,
              [...fields]
                .filter(([, verdict]) => verdict === wanted)
                .map(([field]) => field)
                .sort(),
            ] as const,
        )
        .filter(([, fields]) => fields.length > 0),
    );
  return { omitsZero: pick('omits'), keepsZero: pick('keeps'), nullsZero: pick('nulls') };
}

type Verdict = 'omits' | 'keeps' | 'nulls';

/** A structure that is returned with members was kept and got defaults. Another value was treated as absent. */
function verdictOf(answered: unknown, { zero, shape }: ZeroProbe): Verdict {
  if (answered === null) return 'nulls';
  return canonicalJson(answered ?? null) === canonicalJson(zero) || (shape === 'object' && answered !== undefined)
    ? 'keeps'
    : 'omits';
}
