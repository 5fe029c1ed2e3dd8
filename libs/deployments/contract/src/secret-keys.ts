import { z } from 'zod';

/** Maximum number of secrets of an application. */
export const SECRETS_PER_APPLICATION = 100;
/** Largest value of a secret, in bytes of UTF-8. */
export const SECRET_VALUE_BYTES = 64 * 1_024;
/** Maximum bytes of all values of an application together, so that they fit one request, and one Kubernetes Secret. */
export const SECRETS_BYTES = 704 * 1_024;

/** Key of a secret: valid as a key of a Kubernetes Secret, with no leading dot or hyphen. */
export const secretKey = z
  .string()
  .regex(
    /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/,
    'must be at most 128 letters, digits, and _ . -, and must not begin with a dot or a hyphen',
  )
  .refine((key) => key !== '__proto__', 'must not be __proto__');
