import { PERMISSIONS, PUBLIC } from '#access';
import { permissionsOf, type Contract } from '#bus/contract';
import { z } from 'zod';
import { hasMember } from './request-input.ts';
import { routesOf, takesBody, type ContractRoute } from './routes.ts';

export interface ApiDescription {
  readonly title: string;
  readonly version: string;
  /** Address of the API without a path. */
  readonly url?: string;
}

type Schema = Readonly<Record<string, unknown>> & {
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly required?: readonly string[];
};

const PROBLEM = {
  type: 'object',
  required: ['type', 'title', 'status', 'code', 'detail', 'requestId'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string' },
    kind: { type: 'string' },
    detail: { type: 'string' },
    fix: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['pointer', 'message'],
        properties: { pointer: { type: 'string' }, message: { type: 'string' } },
      },
    },
    instance: { type: 'string' },
    requestId: { type: 'string' },
  },
} as const;

/** Returns OpenAPI 3.1 of all contracts with a route. Server and client are built from the same contracts. */
export function openApiOf(contracts: readonly Contract[], { title, version, url = '/' }: ApiDescription): object {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routesOf(contracts))
    (paths[route.template] ??= {})[route.method.toLowerCase()] = operationOf(route);
  return {
    openapi: '3.1.0',
    info: { title, version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [{ url }],
    security: [{ bearer: [] }, { accessKey: [] }],
    paths,
    components: {
      schemas: { Problem: PROBLEM },
      responses: {
        Problem: {
          description: 'Error',
          content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
        },
      },
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'an OIDC access token or an access key' },
        accessKey: { type: 'apiKey', in: 'header', name: 'X-Astro-API-Key' },
      },
    },
  };
}

function operationOf({ contract, method, parameters }: ContractRoute): object {
  const input = schemaOf(contract.input, 'input');
  const properties = input.properties ?? {};
  const required = input.required ?? [];
  const headers = contract.rawBody?.headers ?? {};
  const rest = Object.keys(properties).filter((name) => !parameters.includes(name) && !(name in headers));
  const takesQuery = !takesBody(method);
  const output = schemaOf(contract.output, 'output');
  const items = {
    type: 'object',
    required: ['items'],
    properties: {
      items: contract.kind === 'stream' ? { type: 'array', items: output } : output,
      ...(contract.kind === 'stream' &&
        hasMember(contract, 'limit') && {
          next: {
            type: 'string',
            description: 'Present if there may be more entries: the value of `after` for the next page.',
          },
        }),
    },
  };
  const responseSchema = contract.kind === 'stream' || output['type'] === 'array' ? items : output;
  const rule = Object.hasOwn(PERMISSIONS, contract.permission)
    ? PERMISSIONS[contract.permission as keyof typeof PERMISSIONS]
    : undefined;
  return {
    operationId: contract.subject,
    ...(contract.summary !== undefined && { summary: contract.summary }),
    description: `Permission: ${permissionsOf(contract).join(' or ')}${rule?.by === 'login' ? ' (requires a login, not an access key)' : ''}`,
    ...(contract.permission === PUBLIC && { security: [] }),
    parameters: [
      ...parameters.map((name) => ({
        name,
        in: 'path',
        required: true,
        schema: properties[name] ?? { type: 'string' },
      })),
      ...(takesQuery || contract.body
        ? rest
            .filter((name) => name !== contract.body)
            .map((name) => ({
              name,
              in: 'query',
              required: required.includes(name),
              schema:
                name === 'cursor' ? { ...(properties[name] as object), pattern: HEADERS.cursor } : properties[name],
            }))
        : []),
      ...(contract.kind === 'request' && contract.dryRun
        ? [
            {
              name: 'dryRun',
              in: 'query',
              schema: { type: 'boolean' },
              description: 'return what would change, without changing anything',
            },
          ]
        : []),
      ...(method === 'POST'
        ? [{ name: 'Idempotency-Key', in: 'header', schema: { type: 'string', pattern: HEADERS.idempotencyKey } }]
        : []),
      ...(contract.kind === 'request' && contract.ifMatch
        ? [{ name: 'If-Match', in: 'header', schema: { type: 'string', pattern: HEADERS.ifMatch } }]
        : []),
      ...Object.entries(headers).map(([name, header]) => ({ name: header, in: 'header', schema: properties[name] })),
      {
        name: 'Consistency',
        in: 'header',
        schema: { type: 'string', pattern: HEADERS.position },
        description: 'return data that includes all changes up to this position',
      },
      ...(contract.kind === 'stream' && hasMember(contract, 'after')
        ? [{ name: 'Last-Event-ID', in: 'header', schema: { type: 'string', pattern: HEADERS.eventId } }]
        : []),
    ],
    ...(!takesQuery &&
      (contract.body || rest.length > 0) && {
        requestBody: {
          required: true,
          content: { 'application/json': { schema: bodyOf(contract, properties, required, rest) } },
        },
      }),
    responses: {
      ...Object.fromEntries(
        statusesOf(contract).map((status) => [status, responseOf(contract, status, responseSchema)]),
      ),
      default: { $ref: '#/components/responses/Problem' },
    },
  };
}

/** Returns all success statuses of a contract. */
function statusesOf(contract: Contract): number[] {
  if (contract.kind !== 'request') return [200];
  return [contract.success ?? 200, ...(contract.creates ? [201] : []), ...(contract.accepts ? [202] : [])];
}

function responseOf(contract: Contract, status: number, response: unknown): object {
  const hasLocation = status === 201 || status === 202;
  return {
    description: STATUS_WORDS[status] ?? 'Success',
    headers: {
      'X-Request-Id': header(HEADERS.requestId),
      Consistency: header(HEADERS.position),
      ETag: header(HEADERS.etag),
      ...(hasLocation && { Location: { schema: { type: 'string', format: 'uri-reference' } } }),
    },
    ...(status !== 204 && {
      content: {
        'application/json': { schema: response },
        ...(contract.kind === 'stream' && {
          'text/event-stream': {
            schema: { type: 'string', description: 'one event per item; id is its position' },
          },
        }),
      },
    }),
  };
}

const STATUS_WORDS: Readonly<Record<number, string>> = {
  200: 'Success',
  201: 'Created',
  202: 'Accepted; not finished yet',
  204: 'Success, without a body',
};

/** Patterns of headers and cursors, which the edge enforces. */
const HEADERS = {
  requestId: '^[A-Za-z0-9_.-]{8,64}$',
  position: '^[a-z0-9]{8,32}\\.[0-9]{20}$',
  etag: '^"[0-9]{1,15}"$',
  ifMatch: '^(\\*|"[0-9]{1,15}")$',
  idempotencyKey: '^[\\x21-\\x7e]([\\x20-\\x7e]{0,253}[\\x21-\\x7e])?$',
  eventId: '^[\\x21-\\x7e]{1,200}$',
  cursor: '^[A-Za-z0-9_-]{1,4096}$',
} as const;

const header = (pattern: string): object => ({ schema: { type: 'string', pattern } });

function bodyOf(
  contract: Contract,
  properties: Readonly<Record<string, unknown>>,
  required: readonly string[],
  rest: readonly string[],
): unknown {
  if (contract.rawBody) return { type: 'object', description: 'as sent by the git host' };
  if (contract.body)
    return contract.bodySchema ? schemaOf(contract.bodySchema, 'input') : (properties[contract.body] ?? {});
  const needed = rest.filter((name) => required.includes(name));
  return {
    type: 'object',
    properties: Object.fromEntries(rest.map((name) => [name, properties[name]])),
    ...(needed.length > 0 && { required: needed }),
    additionalProperties: false,
  };
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Schema {
  const made: Record<string, unknown> = {
    ...z.toJSONSchema(schema, { io, target: 'draft-2020-12', unrepresentable: 'any', reused: 'inline' }),
  };
  delete made['$schema']; // OpenAPI 3.1 specifies it once
  return made;
}
