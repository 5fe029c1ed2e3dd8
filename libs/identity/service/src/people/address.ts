/** What two spellings of one e-mail address have in common. */
export const normalizedAddress = (address: string): string => address.normalize('NFKC').trim().toLowerCase();
