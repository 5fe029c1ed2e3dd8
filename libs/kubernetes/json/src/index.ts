export { isRecord, record, list, text, number, at, type JsonRecord } from './json.ts';
