import { parseQuantity } from '#kubernetes/quantities';
import { z } from 'zod';

/**
 * Describes a field of a manifest for its JSON Schema, the reference and `astroctl explain`.
 * @param schema the final schema: schemas derived from it lose the description
 * @param examples values as users write them; the reference shows the first one
 */
export const field = <S extends z.ZodType>(schema: S, description: string, ...examples: readonly z.input<S>[]): S =>
  schema.meta({ description, ...(examples.length > 0 && { examples }) });

/** RFC 1123 label. */
export const dnsLabel = (most: number) =>
  z
    .string()
    .max(most, `must be at most ${most} characters`)
    .regex(
      /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/,
      'must be a DNS label: lower-case letters, digits, and hyphens, beginning and ending with a letter or digit',
    );

/** RFC 1123 subdomain. */
export const dnsName = z
  .string()
  .max(253)
  .regex(
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$/,
    'must be a host name in lower case, without a wildcard',
  );

/** One line of text without control characters, so that it cannot inject a line into a log or a header. */
export const line = (most: number) =>
  z
    .string()
    .max(most)
    .regex(/^[^\u0000-\u001f\u007f\u2028\u2029]*$/, 'must be one line without control characters');

/** Absolute path of at most `most` characters. */
export const absolutePath = (most: number) => z.string().max(most).regex(/^\//, 'must be an absolute path');

const NANO = 1_000_000_000n;
const QUANTITY = /^\+?(?:\d+(?:\.\d*)?|\.\d+)(?:n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?\d{1,2})?$/;

/** Positive Kubernetes quantity, as a string or a number. It is stored as a string. */
const quantity = (message: string) =>
  z
    .union([z.string().max(40).regex(QUANTITY, message), z.number().positive()], { error: message })
    .transform((value) => (typeof value === 'number' ? String(value) : value.replace(/^\+/, '')))
    .refine((value) => (parseQuantity(value)?.nano ?? 0n) > 0n, message);

/** Quantity of CPU cores. */
export const cpuQuantity = quantity('must be a quantity of cores, such as 250m or 1');

/** Quantity of bytes. Kubernetes also accepts `512m`, which means 512 thousandths of a byte; kubectl warns about it. */
export const byteQuantity = quantity('must be a quantity of bytes, such as 512Mi or 10Gi').superRefine(
  (value, context) => {
    const parsed = parseQuantity(value);
    if (!parsed || parsed.nano % NANO === 0n) return;
    const [, amount] = /^([\d.]+)m$/.exec(value) ?? [];
    const hint = amount === undefined ? '' : `: m stands for thousandths; did you mean ${amount}Mi?`;
    context.addIssue({ code: 'custom', message: `must be a whole number of bytes${hint}` });
  },
);

export const port = z.number().int().min(1).max(65_535);
export const percent = z.number().int().min(1).max(100);

const labelKey = /^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
const MAX_LABELS = 100;

/** Labels of an application. */
export const labels = z
  .record(
    z.string().regex(labelKey, 'is not a label key'),
    z
      .string()
      .max(63)
      .regex(/^([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)?$/, 'is not a label value'),
  )
  .refine((given) => Object.keys(given).length <= MAX_LABELS, `must be at most ${MAX_LABELS} labels`)
  .refine(
    (given) => Object.keys(given).every((key) => !/(^|\.)(kubernetes\.io|k8s\.io|astropulse\.io)\//.test(key)),
    'labels below kubernetes.io, k8s.io, and astropulse.io are reserved',
  );

/** Requires exactly one of `members`, in the validation and in the JSON Schema. */
export const exactlyOneOf = <S extends z.ZodObject>(schema: S, members: readonly (keyof S['shape'] & string)[]) =>
  schema
    .refine(
      (given) => members.filter((member) => given[member] !== undefined).length === 1,
      `must have either ${members.join(' or ')}`,
    )
    .meta({ oneOf: members.map((member) => ({ required: [member], properties: { [member]: {} } })) });

/** Allows at most one of `members`, in the validation and in the JSON Schema. */
export const atMostOneOf = <S extends z.ZodObject>(schema: S, members: readonly (keyof S['shape'] & string)[]) =>
  schema
    .refine(
      (given) => members.filter((member) => given[member] !== undefined).length <= 1,
      `must have only one of ${members.join(' and ')}`,
    )
    .meta({ maxProperties: 1 });

/**
 * Parses a Kubernetes quantity.
 * @returns cores or bytes; NaN for an invalid quantity
 */
export function quantityOf(text: string): number {
  const parsed = parseQuantity(text);
  return parsed ? Number(parsed.nano) / Number(NANO) : Number.NaN;
}
