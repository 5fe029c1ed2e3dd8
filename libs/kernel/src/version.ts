/** The release; the same for all parts of the platform. */
export const VERSION = '0.1.0';
