/** A spec with the present spellings, and a sentence for each older one. */
export interface Respelled {
  readonly spec: unknown;
  readonly warnings: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const LOOSE = ['repoURL', 'path', 'targetRevision', 'targetBranch'] as const;

/**
 * Replaces older spellings in the spec of an application by the present ones, before the schema reads it. What cannot be
 * replaced, because both spellings are given, is left to the schema, which refuses it.
 */
export function respellApplication(spec: unknown): Respelled {
  const warnings: string[] = [];
  if (!isFields(spec)) return { spec, warnings };
  const { source, externalAccess, ...rest } = spec;
  const respelled = {
    ...rest,
    ...(source !== undefined && { source: isFields(source) ? respelledSource(source, warnings) : source }),
    ...(externalAccess !== undefined && {
      externalAccess: isFields(externalAccess) ? respelledAccess(externalAccess, warnings) : externalAccess,
    }),
  };
  return { spec: warnings.length === 0 ? spec : respelled, warnings };
}

/** Does the same for the spec of a profile. */
export function respellProfile(spec: unknown): Respelled {
  const warnings: string[] = [];
  if (!isFields(spec) || !isFields(spec['cloudProvider'])) return { spec, warnings };
  const cloudProvider = renamed(spec['cloudProvider'], 'providerName', 'provider', 'cloudProvider', warnings);
  return { spec: { ...spec, cloudProvider }, warnings };
}

function respelledSource(given: Fields, warnings: string[]): Fields {
  const source: Record<string, unknown> = { ...given };
  const { yaml, repository } = source;
  if (isFields(yaml)) source['yaml'] = respelledYaml(yaml, warnings);
  if (isFields(repository) && isFields(repository['repo']))
    source['repository'] = { ...repository, repo: respelledRepo(repository['repo'], 'repository.repo', warnings) };
  return source;
}

/** @returns undefined if the older spelling says that there is no external access */
function respelledAccess(given: Fields, warnings: string[]): Fields | undefined {
  const { accessType, ...rest } = given;
  if (accessType === 'None') {
    warnings.push('externalAccess.accessType None is an older spelling; leave out externalAccess');
    return undefined;
  }
  if (accessType === 'Ingress') warnings.push('externalAccess.accessType Ingress is an older spelling; leave it out');
  const access = accessType === 'Ingress' ? rest : given;
  const named = renamed(access, 'dnsName', 'domain', 'externalAccess', warnings);
  return renamed(named, 'dnsEndpoint', 'hostname', 'externalAccess', warnings);
}

/** Renames a field, unless its present name is given too. */
function renamed(fields: Fields, older: string, present: string, path: string, warnings: string[]): Fields {
  const { [older]: value, ...rest } = fields;
  if (value === undefined || rest[present] !== undefined) return fields;
  warnings.push(`${path}.${older} is an older spelling; write ${present}`);
  return { ...rest, [present]: value };
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

const respelledRepo = (repo: Fields, path: string, warnings: string[]): Fields =>
  renamed(repo, 'targetBranch', 'targetRevision', `source.${path}`, warnings);
