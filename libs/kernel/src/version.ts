/** The version of all parts of the platform. A test compares it with package.json and CHANGELOG.md. */
export const VERSION = '0.2.0';
