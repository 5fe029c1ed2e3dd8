/** Returns the form in which e-mail addresses are compared. */
export const normalizedAddress = (address: string): string => address.normalize('NFKC').trim().toLowerCase();
