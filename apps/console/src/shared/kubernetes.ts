/**
 * Stands for `#kubernetes` in the browser, which does not have the schemas of Kubernetes. Manifests inside of a manifest
 * are checked by the platform, at the dry run.
 *
 * @returns no faults
 */
export const checkInlineManifests = (): [] => [];
