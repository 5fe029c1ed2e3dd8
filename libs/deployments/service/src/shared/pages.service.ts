import type { ReadModels } from '#event-sourcing';
import { ok, type DomainError, type Fact, type Position, type Projection, type Result } from '#kernel';
import type { Query } from '#read-store';

const PAGE = 500;

/** Yields all documents that a query finds, page by page. Ends after an error. */
export async function* everyDocument<E extends Fact, D>(
  readModels: ReadModels,
  projection: Projection<E, D>,
  query: Omit<Query, 'limit' | 'cursor'>,
  atLeast?: Position,
): AsyncGenerator<Result<D, DomainError>> {
  let cursor: string | undefined;
  do {
    const page = await readModels.find(
      projection,
      { ...query, limit: PAGE, ...(cursor !== undefined && { cursor }) },
      atLeast,
    );
    if (!page.ok) {
      yield page;
      return;
    }
    for (const { document } of page.value.items) yield ok(document);
    cursor = page.value.next;
  } while (cursor !== undefined);
}

/** Returns all documents that a query finds. */
export async function allDocuments<E extends Fact, D>(
  readModels: ReadModels,
  projection: Projection<E, D>,
  query: Omit<Query, 'limit' | 'cursor'>,
  atLeast?: Position,
): Promise<Result<readonly D[], DomainError>> {
  const documents: D[] = [];
  for await (const found of everyDocument(readModels, projection, query, atLeast)) {
    if (!found.ok) return found;
    documents.push(found.value);
  }
  return ok(documents);
}
