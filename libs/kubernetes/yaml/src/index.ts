export {
  parseManifests,
  type ManifestDocument,
  type ParsedManifests,
  type ParseOptions,
  type Place,
  type YamlFault,
} from './parse-manifests.ts';
export type { Path } from './convert.ts';
