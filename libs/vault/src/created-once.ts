/**
 * Returns the value of a record, which is created at its first use. If another process creates it first, returns that
 * one.
 *
 * @param create returns the value of a new record
 */
export async function createdOnce(
  vault: {
    get(name: string): Promise<{ readonly value: Uint8Array } | undefined>;
    put(name: string, value: Uint8Array, options: { readonly expected: 'absent' }): Promise<unknown>;
  },
  name: string,
  create: () => Uint8Array,
): Promise<Uint8Array> {
  const present = await vault.get(name);
  if (present) return present.value;
  await vault.put(name, create(), { expected: 'absent' });
  const written = await vault.get(name);
  if (!written) throw new Error(`the vault did not return the record ${name}, which was just written`);
  return written.value;
}
