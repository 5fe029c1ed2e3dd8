import type { Contract } from '#bus/contract';
import type { z } from 'zod';
import { busErrors, DomainErrorException } from '#bus';
import type { InputError } from '#kernel';
import { poisoned, isPrototypeName } from './body.ts';
import { edgeError } from './problem.ts';
import { membersOf, takesBody, type ContractRoute } from './routes.ts';

type Text = string | readonly string[];
type Coerce = (text: Text) => unknown;

/** Query parameters that name an organization. They are ignored, because only the path selects it. */
const SELECTORS = ['org', 'orgId', 'org_id', 'organization', 'organizationId', 'organization_id'];

/** The parts of a request that a route reads. */
export interface RequestParts {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string | string[]>>;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface RequestInput {
  readonly input: Record<string, unknown>;
  readonly dryRun: boolean;
}

/**
 * Returns a function from path, query, and body to the contract's input. Text in path and query is converted to
 * numbers, booleans, and lists according to the schema; text that cannot be converted is left for the schema to reject.
 */
export function inputReader(route: ContractRoute): (parts: RequestParts) => RequestInput {
  const { contract, method, parameters } = route;
  const coercions = coercionsOf(contract);
  const hasNoBody = !takesBody(method);
  /** If one member is the complete body, the others are in the query. */
  const isOutsideBody = (name: string): boolean =>
    contract.body !== undefined && name !== contract.body && name in coercions;
  const read = (name: string, text: Text): unknown => (coercions[name] ?? asText)(text);
  return ({ params, query, body, headers }) => {
    const input: Record<string, unknown> = {};
    const faults: InputError[] = [];
    if (!hasNoBody) addBody(contract, parameters, { body, headers }, input, faults);
    let dryRun = false;
    for (const [name, text] of Object.entries(query)) {
      if (isPrototypeName(name)) throw poisoned();
      if (name === 'dryRun' && hasDryRun(contract)) {
        if (text !== 'true' && text !== 'false' && text !== '')
          faults.push({ pointer: '/dryRun', message: 'must be true or false' });
        dryRun = text === 'true' || text === '';
      } else if (
        !parameters.includes(name) &&
        (hasNoBody ? name in coercions || !SELECTORS.includes(name) : isOutsideBody(name))
      ) {
        Object.defineProperty(input, name, {
          value: read(name, text),
          enumerable: true,
          writable: true,
          configurable: true,
        });
      } else if (!hasNoBody && !parameters.includes(name) && !SELECTORS.includes(name)) {
        faults.push({
          pointer: `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`,
          message: `is not a known query parameter of this ${method} request`,
        });
      }
    }
    for (const name of parameters) input[name] = read(name, params[name] ?? '');
    if (faults.length > 0) throw new DomainErrorException(busErrors.invalidInput(faults.slice(0, 20)));
    return { input, dryRun };
  };
}

function addBody(
  contract: Contract,
  parameters: readonly string[],
  { body, headers }: Pick<RequestParts, 'body' | 'headers'>,
  input: Record<string, unknown>,
  faults: InputError[],
): void {
  if (contract.rawBody) {
    input[contract.rawBody.member] = body ?? '';
    for (const [name, header] of Object.entries(contract.rawBody.headers))
      if (headers[header] !== undefined) input[name] = headers[header];
    return;
  }
  if (contract.body) {
    if (body === undefined) faults.push({ pointer: '', message: 'the body is missing' });
    input[contract.body] = body;
    return;
  }
  if (body === undefined || body === null) return;
  if (typeof body !== 'object' || Array.isArray(body)) {
    faults.push({ pointer: '', message: 'the body must be an object' });
    return;
  }
  for (const [name, value] of Object.entries(body)) {
    if (parameters.includes(name))
      faults.push({ pointer: `/${name}`, message: 'is given by the path; remove it from the body' });
    else input[name] = value;
  }
}

const asText: Coerce = (text) => text;

function coercionsOf(contract: Contract): Readonly<Record<string, Coerce>> {
  const { def } = contract.input._zod as unknown as {
    readonly def: { readonly shape?: Readonly<Record<string, Schema>> };
  };
  return Object.assign(
    Object.create(null) as object,
    Object.fromEntries(Object.entries(def.shape ?? {}).map(([name, schema]) => [name, coercionOf(schema)])),
  );
}

// zod's classes differ per type. The edge reads only the members that determine the kind of a value.
interface Schema {
  readonly _zod: {
    readonly def: {
      readonly type: string;
      readonly innerType?: Schema;
      readonly element?: Schema;
      readonly options?: readonly Schema[];
    };
  };
}

function coercionOf(schema: Schema): Coerce {
  const { type, innerType, element, options } = schema._zod.def;
  if (innerType) return coercionOf(innerType);
  if (type === 'number' || type === 'int')
    return (text) => (typeof text === 'string' && /^-?\d{1,15}(\.\d{1,15})?$/.test(text) ? Number(text) : text);
  if (type === 'boolean') return (text) => (text === 'true' ? true : text === 'false' ? false : text);
  if (type === 'array') {
    const each = element ? coercionOf(element) : asText;
    return (text) => (typeof text === 'string' ? [each(text)] : text.map((one) => each(one)));
  }
  if (type === 'union' && options) {
    const all = options.map(coercionOf);
    return (text) => all.map((coerce) => coerce(text)).find((value) => typeof value !== 'string') ?? text;
  }
  return asText;
}

const hasDryRun = (contract: Contract): boolean => contract.kind === 'request' && contract.dryRun === true;

/** Returns whether the contract's input has this member. */
export const hasMember = (contract: Contract, name: string): boolean => membersOf(contract)?.includes(name) ?? false;

/** Returns the schema's default of a member. */
export function defaultOf(contract: Contract, name: string): unknown {
  const { def } = contract.input._zod as unknown as {
    readonly def: { readonly shape?: Readonly<Record<string, z.ZodType>> };
  };
  return def.shape?.[name]?.safeParse(undefined).data;
}

/**
 * Returns the Idempotency-Key.
 *
 * @throws EdgeError 400 if it is empty, too long, or not printable
 */
export function idempotencyKeyOf(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header !== 'string' || !/^[\x21-\x7e]([\x20-\x7e]{0,253}[\x21-\x7e])?$/.test(header)) {
    throw edgeError(
      400,
      'edge/idempotency-key-invalid',
      'The Idempotency-Key must be 1 to 255 printable characters.',
      'send a new UUID',
    );
  }
  return header;
}

/**
 * Returns the revision in `If-Match: "<n>"`. `*` requires nothing. A contract without revisions matches no ETag.
 *
 * @throws EdgeError 400 if it is not an ETag of this API, 412 if the contract returns none
 */
export function ifMatchOf(contract: Contract, header: string | undefined): number | undefined {
  if (header === undefined || header.trim() === '*') return undefined;
  const match = /^"(\d{1,15})"$/.exec(header.trim());
  if (!match?.[1])
    throw edgeError(
      400,
      'edge/if-match-invalid',
      'If-Match is not an ETag of this API.',
      'send the ETag exactly as received, including quotes',
    );
  if (contract.kind !== 'request' || !contract.ifMatch)
    throw edgeError(412, 'edge/precondition-failed', 'The object of this request has no revision.', 'omit If-Match');
  return Number(match[1]);
}
