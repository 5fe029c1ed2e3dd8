export { canonicalQuantity, compareQuantities, formatQuantity, parseQuantity } from './quantity.ts';
