/** A document with the present spelling of its source, and a sentence for each older one. */
export interface Respelled {
  readonly spec: unknown;
  readonly warnings: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const LOOSE = ['repoURL', 'path', 'targetRevision', 'targetBranch'] as const;

/**
 * Replaces older spellings in the source of an application by the present ones, before the schema reads it. What cannot
 * be replaced, because both spellings are given, is left to the schema, which refuses it.
 */
export function respellSource(spec: unknown): Respelled {
  const warnings: string[] = [];
  if (!isFields(spec) || !isFields(spec['source'])) return { spec, warnings };
  const source: Record<string, unknown> = { ...spec['source'] };
  const { yaml, repository } = source;
  if (isFields(yaml)) source['yaml'] = respelledYaml(yaml, warnings);
  if (isFields(repository) && isFields(repository['repo']))
    source['repository'] = { ...repository, repo: respelledRepo(repository['repo'], 'repository.repo', warnings) };
  return { spec: warnings.length === 0 ? spec : { ...spec, source }, warnings };
}

function respelledYaml(yaml: Fields, warnings: string[]): Fields {
  if (isFields(yaml['repo'])) return { ...yaml, repo: respelledRepo(yaml['repo'], 'yaml.repo', warnings) };
  if (yaml['repoURL'] === undefined || yaml['repo'] !== undefined) return yaml;
  const loose = LOOSE.filter((member) => yaml[member] !== undefined);
  const rest = Object.fromEntries(Object.entries(yaml).filter(([name]) => !LOOSE.some((member) => member === name)));
  warnings.push(`source.yaml.repoURL is an older spelling; write ${loose.join(', ')} below source.yaml.repo`);
  const repo = Object.fromEntries(loose.map((member) => [member, yaml[member]]));
  return { ...rest, repo: respelledRepo(repo, 'yaml.repo', []) };
}

function respelledRepo(repo: Fields, path: string, warnings: string[]): Fields {
  const { targetBranch, ...rest } = repo;
  if (targetBranch === undefined || rest['targetRevision'] !== undefined) return repo;
  warnings.push(`source.${path}.targetBranch is an older spelling; write targetRevision`);
  return { ...rest, targetRevision: targetBranch };
}
