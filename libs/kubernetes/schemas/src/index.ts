export { checkNode, checkObject, type ObjectErrorReason, type ObjectError } from './check.ts';
export { recordedData } from './data.ts';
export type {
  Column,
  GroupVersionKind,
  RawSchema,
  RecordedDefault,
  ResourceData,
  SchemaData,
  SubresourceData,
} from './data.ts';
export { nearestName } from './nearest.ts';
export { type SchemaNode, type Shape } from './node.ts';
export { fieldPath, jsonPointer, type Path } from './path.ts';
export {
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  roundToMilli,
  type Quantity,
} from './quantity.ts';
export { apiVersionOf, kubernetesSchemas, openSchemas, parseApiVersion, type Schemas } from './schemas.ts';
export {
  applyObject,
  emptyObject,
  NOTHING_IGNORED,
  updateManagers,
  type Applied,
  type ApplyError,
  type Conflict,
  type Writer,
} from './apply.ts';
export { partsOf, type Known } from './known.ts';
export { decodeObject, isZero, type Decoded } from './decode.ts';
export { applyDefaults } from './defaults.ts';
export { duplicateFields } from './duplicate-fields.ts';
export { CONDITIONAL } from './conditional-defaults.ts';
export { jsonPatch, mergePatch, type PatchError } from './json-patch.ts';
export { strategicMerge } from './strategic-merge.ts';
export { difference, EMPTY, fromFieldsV1, isEmpty, setOf, toFieldsV1, union, type FieldSet } from './field-set.ts';
export { decodeManagers, encodeManagers, managerId, sameManagers, type Manager } from './managed-fields.ts';
export { compareTyped, goText, isList, isTree, sameJson, toFieldSet } from './typed.ts';
