/** The release; the same for all parts of the platform. A test holds it to package.json and CHANGELOG.md. */
export const VERSION = '0.2.0';
