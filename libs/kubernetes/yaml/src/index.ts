export {
  parseManifests,
  type ManifestDocument,
  type ParsedManifests,
  type ParseOptions,
  type Place,
  type YamlError,
} from './parse-manifests.ts';
export type { Path } from './convert.ts';
