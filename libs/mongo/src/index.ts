export { isDuplicateKey, isRefusedByServer } from './mongo-failure.ts';
export { openMongo, type MongoOptions, type MongoStore } from './open-mongo.ts';
export { decodeDocument, decodeText, encodeDocument, encodeField, encodeText } from './encoding.ts';
