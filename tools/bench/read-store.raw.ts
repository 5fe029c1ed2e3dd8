import mongoose from 'mongoose';

/** Uses mongoose alone, with the same documents and batch sizes as the read store: unconditional replacements by id. */
export async function openRaw(url: string, name: string) {
  const connection = await mongoose.createConnection(url, { dbName: 'astro', autoIndex: false }).asPromise();
  const schema = new mongoose.Schema(
    { _id: String, position: String, document: mongoose.Schema.Types.Mixed },
    { versionKey: false, minimize: false },
  );
  schema.index({ 'document.group': 1 });
  const model = connection.model('raw', schema, name);
  await model.createIndexes();
  return {
    async write(documents: readonly { readonly id: string; readonly position: string; readonly document: unknown }[]) {
      await model.bulkWrite(
        documents.map(({ id, position, document }) => ({
          replaceOne: { filter: { _id: id }, replacement: { position, document }, upsert: true },
        })),
        { ordered: false },
      );
    },
    async close() {
      await model.collection.drop();
      await connection.close();
    },
  };
}
