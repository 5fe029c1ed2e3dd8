import type { Json, JsonObject } from '#kernel';
import {
  apply,
  get,
  jsonPatch,
  merge,
  post,
  put,
  remove,
  silent,
  strategic,
  type Case,
  type Step,
} from '#sandbox-cluster/cases';

// CustomResourceDefinitions and their objects. Definitions are cluster-scoped, so each case has its own group.

const GROUP = '{ns}.example';
const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const DEFINITION = `${DEFINITIONS}/widgets.${GROUP}`;
const WIDGETS = `/apis/${GROUP}/v1/namespaces/{ns}/widgets`;

const spec: JsonObject = {
  type: 'object',
  required: ['size'],
  properties: {
    size: { type: 'string', enum: ['small', 'large'] },
    replicas: { type: 'integer', default: 1, minimum: 0, maximum: 5 },
    name: { type: 'string', pattern: '^[a-z]+$', minLength: 2, maxLength: 4 },
    on: { type: 'boolean', default: false },
    list: { type: 'array', minItems: 1, maxItems: 2, items: { type: 'string' } },
    keyed: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      items: {
        type: 'object',
        required: ['name'],
        properties: { name: { type: 'string' }, value: { type: 'string' } },
      },
    },
    map: { type: 'object', additionalProperties: { type: 'integer' } },
    any: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    port: { 'x-kubernetes-int-or-string': true },
    maybe: { type: 'string', nullable: true },
    nested: { type: 'object', default: {}, properties: { deep: { type: 'string', default: 'here' } } },
  },
};

const definition = (more: JsonObject = {}, scope = 'Namespaced'): JsonObject => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `widgets.${GROUP}` },
  spec: {
    group: GROUP,
    scope,
    names: { plural: 'widgets', kind: 'Widget', shortNames: ['wg'], categories: ['all'] },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            required: ['spec'],
            properties: { spec, status: { type: 'object', properties: { replicas: { type: 'integer' } } } },
          },
        },
        ...more,
      },
    ],
  },
});
const withStatus = {
  subresources: {
    status: {},
    scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
  },
};

const widget = (name: string, widgetSpec: JsonObject = { size: 'small' }, more: JsonObject = {}): JsonObject => ({
  apiVersion: `${GROUP}/v1`,
  kind: 'Widget',
  metadata: { name },
  spec: widgetSpec,
  ...more,
});

const isEstablished = (body: JsonObject): boolean => {
  const { status } = body;
  const conditions = typeof status === 'object' && status !== null ? (status as JsonObject)['conditions'] : undefined;
  return JSON.stringify(conditions ?? []).includes('"InitialNamesAccepted"');
};
const established: Step = get(DEFINITION, { until: isEstablished });
const served: Step = silent(get(WIDGETS, { until: ({ kind }) => kind === 'WidgetList' }));
const prepare = (more: JsonObject = {}): readonly Step[] => [
  silent(post(DEFINITIONS, definition(more))),
  silent(established),
  served,
];
const end = silent(remove(DEFINITION));
const custom = (name: string, more: JsonObject, ...steps: readonly Step[]): Case => ({
  area: 'custom',
  name,
  steps: [...prepare(more), ...steps, end],
});
const bad = (name: string, widgetSpec: JsonObject): Step => post(WIDGETS, widget(name, widgetSpec));
/** Returns resources without hashes, which only the server can generate. */
const resourcesOf = ({ resources }: JsonObject): Json =>
  (resources as readonly JsonObject[]).map(({ storageVersionHash: _hash, ...resource }) => resource as Json);
const ownGroups = ({ groups }: JsonObject): Json =>
  (groups as readonly JsonObject[]).filter(({ name }) => String(name).endsWith('.example')).length > 0;

export const customCases: readonly Case[] = [
  {
    area: 'custom',
    name: 'a definition is established and served',
    steps: [
      post(DEFINITIONS, definition(withStatus)),
      established,
      served,
      get(`/apis/${GROUP}`),
      get(`/apis/${GROUP}/v1`, { only: resourcesOf }),
      get('/apis', { only: ownGroups }),
      end,
    ],
  },
  {
    area: 'custom',
    name: 'a definition that is none',
    steps: [
      post(DEFINITIONS, { ...definition(), metadata: { name: `gadgets.${GROUP}` } }),
      get(`/apis/${GROUP}/v1/namespaces/{ns}/widgets`),
    ],
  },
  custom(
    'a new object: unknown fields, defaults, nulls, zero values',
    withStatus,
    post(
      WIDGETS,
      widget(
        'a',
        { size: 'small', foo: 1, any: { x: null, y: 0 }, maybe: null, on: null, map: { a: 1 }, nested: { other: 1 } },
        { status: { replicas: 3 } },
      ),
    ),
    post(WIDGETS, widget('b', { size: 'small', foo: 1 }), 'fieldValidation=Strict'),
    post(WIDGETS, widget('b', { size: 'small' }), 'dryRun=All'),
    get(`${WIDGETS}/a`),
    get(`${WIDGETS}/none`),
  ),
  custom(
    'an object that breaks its schema',
    {},
    bad('b', { size: 'big' }),
    bad('b', { size: null }),
    bad('b', { size: 'small', replicas: 9 }),
    bad('b', { size: 'small', replicas: '1' }),
    bad('b', { size: 'small', name: 'a' }),
    bad('b', { size: 'small', name: 'AB' }),
    bad('b', { size: 'small', name: 'abcdef' }),
    bad('b', { size: 'small', list: [] }),
    bad('b', { size: 'small', list: ['a', 1] }),
    bad('b', { size: 'small', on: 'x' }),
    bad('b', { size: 'small', port: true }),
    bad('b', { size: 'small', map: { a: 'x' } }),
    post(WIDGETS, { apiVersion: `${GROUP}/v1`, kind: 'Widget', metadata: { name: 'b' } }),
    post(WIDGETS, { apiVersion: `${GROUP}/v1`, kind: 'Gadget', metadata: { name: 'b' }, spec: { size: 'small' } }),
    post(WIDGETS, widget('Bad_Name')),
  ),
  custom(
    'patches and generations',
    {},
    silent(post(WIDGETS, widget('a'))),
    strategic(`${WIDGETS}/a`, { spec: { size: 'large' } }),
    merge(`${WIDGETS}/a`, { spec: { size: 'large' } }),
    merge(`${WIDGETS}/a`, { metadata: { labels: { a: '1' } } }),
    merge(`${WIDGETS}/a`, { status: { replicas: 1 } }),
    jsonPatch(`${WIDGETS}/a`, [{ op: 'replace', path: '/spec/replicas', value: 4 }]),
    merge(`${WIDGETS}/a/status`, { status: { replicas: 2 } }),
  ),
  custom(
    'the status endpoint',
    withStatus,
    silent(post(WIDGETS, widget('a'))),
    merge(`${WIDGETS}/a/status`, { status: { replicas: 2 }, spec: { size: 'large' } }),
    merge(`${WIDGETS}/a`, { status: { replicas: 5 } }),
    merge(`${WIDGETS}/a/status`, { status: { replicas: 'x' } }, '', { only: ({ code }) => code ?? null }),
  ),
  custom(
    'the scale endpoint',
    withStatus,
    silent(post(WIDGETS, widget('a'))),
    get(`${WIDGETS}/a/scale`),
    merge(`${WIDGETS}/a/scale`, { spec: { replicas: 3 } }),
    get(`${WIDGETS}/a`, { only: ({ spec: shown }) => shown ?? null }),
  ),
  custom(
    'server-side apply',
    {},
    apply(WIDGETS, widget('c', { size: 'small', keyed: [{ name: 'x', value: '1' }], map: { a: 1 } })),
    apply(WIDGETS, widget('c', { size: 'small', keyed: [{ name: 'y', value: '2' }] }), 'fieldManager=two'),
    apply(WIDGETS, widget('c', { size: 'large' }), 'fieldManager=two'),
    apply(WIDGETS, widget('c', { size: 'small' })),
    apply(WIDGETS, widget('c', { size: 'small', zzz: 1 })),
  ),
  custom(
    'lists, columns and watches',
    {
      additionalPrinterColumns: [
        { name: 'Size', type: 'string', jsonPath: '.spec.size' },
        { name: 'Replicas', type: 'integer', jsonPath: '.spec.replicas', priority: 1, description: 'how many' },
        { name: 'Missing', type: 'string', jsonPath: '.status.none' },
        { name: 'First', type: 'string', jsonPath: '.spec.keyed[?(@.name=="x")].value' },
      ],
    },
    silent(post(WIDGETS, widget('a', { size: 'small', keyed: [{ name: 'x', value: '1' }] }, {}))),
    silent(post(WIDGETS, widget('b', { size: 'large' }))),
    get(WIDGETS),
    get(`${WIDGETS}?limit=1`),
    get(WIDGETS, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' }),
    get(`${WIDGETS}?fieldSelector=metadata.name%3Da`, { only: ({ items }) => (items as readonly Json[]).length }),
    get(`${WIDGETS}?fieldSelector=spec.size%3Dsmall`),
    get(`${WIDGETS}?watch=true&timeoutSeconds=1`, { stream: true, lines: 2 }),
  ),
  custom(
    'a replaced object',
    {},
    silent(post(WIDGETS, widget('a'), '', { save: { rv: ['metadata', 'resourceVersion'] } })),
    put(WIDGETS, widget('a', { size: 'large' })),
    put(WIDGETS, { ...widget('a', { size: 'large' }), metadata: { name: 'a', resourceVersion: '{rv}' } }),
    put(WIDGETS, { ...widget('a', { size: 'small' }), metadata: { name: 'a', resourceVersion: '{rv}' } }),
    remove(`${WIDGETS}/a`),
    remove(`${WIDGETS}/a`),
  ),
  {
    area: 'custom',
    name: 'a definition goes with its objects',
    steps: [
      ...prepare(),
      silent(post(WIDGETS, widget('a'))),
      remove(DEFINITION),
      get(DEFINITION, { until: ({ code }) => code === 404 }),
    ],
  },
];
