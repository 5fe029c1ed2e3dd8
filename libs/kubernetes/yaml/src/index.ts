export { pathOf, placeAt, withTexts } from './document.ts';
export { parseManifests, type ManifestDocument, type ParseOptions, type Place } from './parse-manifests.ts';
