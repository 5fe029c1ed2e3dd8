import { BODY_BYTES } from '#bus/contract';
import { z } from 'zod';
import { dnsLabel, field, line } from './manifest-fields.ts';
import { imageSourceSchema } from './image-manifest.ts';
import { sourceUrlProblem } from './source-url.ts';

/** Types of sources in manifests. */
const SOURCE_TYPES = ['image', 'helm', 'repository', 'yaml'] as const;

const url = (schemes: readonly string[]) =>
  z
    .string()
    .max(2_000, 'must be at most 2000 characters')
    .superRefine((text, context) => {
      const message = sourceUrlProblem(text, schemes);
      if (message !== undefined) context.addIssue({ code: 'custom', message });
    });

/** Maximum characters of a path in a repository. */
const PATH_CHARACTERS = 1_000;
const repositoryPath = line(PATH_CHARACTERS)
  .refine((path) => !path.startsWith('/'), 'must be relative to the root of the repository')
  .refine((path) => !path.split('/').includes('..'), 'must not contain ..')
  .refine((path) => !path.includes('\\'), 'must use / between folders');

/** Returns a path in a repository as it is stored: without `.`, empty segments, and a slash at the end. */
export const plainPath = (path: string): string =>
  path
    .split('/')
    .filter((step) => step !== '' && step !== '.')
    .join('/');

const revision = line(250)
  .min(1, 'must not be empty')
  .refine(
    (name) => !name.startsWith('-') && !/[\s~^:?*[\\]|\.\.|@\{/.test(name),
    'must be a branch, tag, or commit id',
  );

const releaseName = dnsLabel(53);
const MAX_VALUES_BYTES = 512 * 1024;
const MAX_FILES = 20;

const valuesFile = line(PATH_CHARACTERS)
  .min(1, 'must not be empty')
  .refine((path) => !path.startsWith('/') && !path.includes('\\'), 'must be a path relative to path');

/** Values of a chart. `files` is available only if the chart is in a repository with such files. */
const valuesSchema = z
  .strictObject({
    type: field(z.enum(['object', 'files']), 'Whether the values are in this manifest or in files.', 'object'),
    object: field(
      z
        .record(z.string(), z.unknown())
        .refine(
          (object) => JSON.stringify(object).length <= MAX_VALUES_BYTES,
          `must be at most ${MAX_VALUES_BYTES / 1024} KiB as JSON`,
        ),
      'Values, as in a values.yaml.',
      { replicaCount: 2 },
    ).optional(),
    files: field(
      z.array(valuesFile).min(1, 'must name at least one file').max(MAX_FILES, `must be at most ${MAX_FILES} files`),
      'Files with values, relative to path. They may be outside of path, but must be in the repository. Later files take precedence.',
      ['values-production.yaml'],
    ).optional(),
  })
  .superRefine((values, context) => {
    const other = values.type === 'object' ? 'files' : 'object';
    if (values[values.type] === undefined)
      context.addIssue({ code: 'custom', message: `have type ${values.type}, so ${values.type} is required` });
    if (values[other] !== undefined)
      context.addIssue({ code: 'custom', path: [other], message: `cannot be combined with type ${values.type}` });
  });

const helmSchema = z
  .strictObject({
    repo: field(
      z.strictObject({
        repoURL: field(
          url(['https', 'oci']),
          'Address of the chart repository: https:// of a folder with an index.yaml, or oci:// of a registry.',
          'https://charts.acme.dev',
        ),
        chartName: field(
          line(250).regex(
            /^[A-Za-z0-9]([A-Za-z0-9._/-]*[A-Za-z0-9])?$/,
            'must be the name of a chart, such as podinfo',
          ),
          'Name of the chart.',
          'podinfo',
        ),
        chartVersion: field(
          line(100).min(1, 'must not be empty'),
          'Version, or range of versions. A range is resolved when the manifest is applied. Defaults to the newest stable version.',
          '^6.7.0',
        ).optional(),
      }),
      'The chart, and the repository that it comes from.',
      { repoURL: 'https://charts.acme.dev', chartName: 'podinfo', chartVersion: '^6.7.0' },
    ),
    values: field(valuesSchema, 'Values of the chart, with type object.', {
      type: 'object',
      object: { replicaCount: 2 },
    }).optional(),
    releaseName: field(
      releaseName,
      'Name of the release. Charts use it in names of objects. Defaults to the name of the application.',
      'podinfo',
    ).optional(),
  })
  .superRefine(({ values }, context) => {
    if (values?.type === 'files')
      context.addIssue({
        code: 'custom',
        path: ['values', 'type'],
        message: 'files is only possible for a chart in a repository; use object, or source.repository',
      });
  });

const OLD_NAME = 'Older name of targetRevision.';
const gitFields = {
  repoURL: field(
    url(['https', 'ssh']),
    'Address of the git repository, with https:// or ssh://, without a password.',
    'https://git.acme.dev/shop/deploy.git',
  ),
  path: field(
    repositoryPath,
    'Folder or file in the repository. Defaults to the root.',
    'overlays/production',
  ).optional(),
  targetRevision: field(
    revision,
    'Branch, tag, or commit id. Defaults to the default branch. It is resolved to a commit when the manifest is applied.',
    'main',
  ).optional(),
  targetBranch: field(revision, OLD_NAME, 'main').optional(),
};

/** Reports two names of the same setting that are both given. */
const oneRevision = (
  given: { readonly targetRevision?: unknown; readonly targetBranch?: unknown },
  context: z.RefinementCtx,
): void => {
  if (given.targetRevision === undefined || given.targetBranch === undefined) return;
  context.addIssue({ code: 'custom', path: ['targetBranch'], message: 'is the older name of targetRevision; use one' });
};

const repositorySchema = z.strictObject({
  repo: field(
    z
      .strictObject({
        ...gitFields,
        releaseName: field(
          releaseName,
          'Name of the release, for a chart. Defaults to the name of the application.',
          'web',
        ).optional(),
      })
      .superRefine(oneRevision),
    'The repository, and the folder in it. A chart, a kustomization, or plain manifests are detected.',
    { repoURL: 'https://git.acme.dev/shop/deploy.git', path: 'overlays/production', targetRevision: 'main' },
  ),
  values: field(valuesSchema, 'Values, for a chart.', { type: 'files', files: ['values-production.yaml'] }).optional(),
});

const MANIFESTS = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\ndata: { log: debug }\n';

const yamlSchema = z
  .strictObject({
    manifests: field(
      z
        .string()
        .min(1)
        .max(BODY_BYTES, `must be at most ${BODY_BYTES / 1024} KiB`),
      'Kubernetes manifests in YAML, as one string with several documents.',
      MANIFESTS,
    ).optional(),
    repo: field(
      z.strictObject(gitFields).superRefine(oneRevision),
      'A folder or file with plain manifests in a git repository, instead of manifests. A folder is read without its subfolders.',
      { repoURL: 'https://git.acme.dev/shop/deploy.git', path: 'manifests' },
    ).optional(),
    exclude: field(
      line(500).min(1, 'must not be empty'),
      'Files of the folder to leave out, as a glob.',
      '*-test.yaml',
    ).optional(),
    repoURL: field(
      gitFields.repoURL,
      'Older spelling of repo.repoURL.',
      'https://git.acme.dev/shop/deploy.git',
    ).optional(),
    path: field(repositoryPath, 'Older spelling of repo.path.', 'manifests').optional(),
    targetRevision: field(revision, 'Older spelling of repo.targetRevision.', 'main').optional(),
    targetBranch: field(revision, 'Older spelling of repo.targetRevision.', 'main').optional(),
  })
  .superRefine((yaml, context) => {
    const loose = (['repoURL', 'path', 'targetRevision', 'targetBranch'] as const).filter(
      (member) => yaml[member] !== undefined,
    );
    // What remains here was not moved into repo, because repo is there too, or because there is no address.
    for (const member of loose)
      context.addIssue({ code: 'custom', path: [member], message: `belongs in repo: repo.${member}` });
    if (loose.length > 0) return;
    if ((yaml.manifests === undefined) === (yaml.repo === undefined))
      context.addIssue({ code: 'custom', message: 'must have either manifests or repo' });
    if (yaml.exclude !== undefined && yaml.manifests !== undefined)
      context.addIssue({ code: 'custom', path: ['exclude'], message: 'needs repo; manifests has no files' });
  });

/** Source of an application. The block with the name of the type is required. */
export const sourceSchema = z
  .strictObject({
    type: field(z.enum(SOURCE_TYPES), 'Type of the source. The block with the same name is required.', 'image'),
    image: field(imageSourceSchema, 'An image to run.', { repository: 'shop/web', tag: '1.4.2' }).optional(),
    helm: field(helmSchema, 'A chart of a Helm repository.', {
      repo: { repoURL: 'https://charts.acme.dev', chartName: 'podinfo', chartVersion: '^6.7.0' },
    }).optional(),
    repository: field(repositorySchema, 'A chart, a kustomization, or plain manifests in a git repository.', {
      repo: { repoURL: 'https://git.acme.dev/shop/deploy.git', path: 'overlays/production' },
    }).optional(),
    yaml: field(yamlSchema, 'Kubernetes manifests.', { manifests: MANIFESTS }).optional(),
  })
  .superRefine((source, context) => {
    const given = SOURCE_TYPES.filter((type) => source[type] !== undefined);
    if (given.length > 1)
      context.addIssue({
        code: 'custom',
        message: `must contain exactly one source, not ${given.length}: ${given.join(', ')}`,
      });
    else if (given[0] !== source.type)
      context.addIssue({
        code: 'custom',
        message: `has type ${source.type}, so the block ${source.type} is required${given[0] ? `, not ${given[0]}` : ''}`,
      });
  })
  .meta({
    oneOf: SOURCE_TYPES.map((type) => ({
      properties: {
        ...Object.fromEntries(SOURCE_TYPES.filter((other) => other !== type).map((other) => [other, { not: {} }])),
        type: { const: type },
      },
      required: ['type', type],
    })),
  });
