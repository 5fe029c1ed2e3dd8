import type { Conflict } from '#kubernetes/schemas';
import type { ApiStatus } from '../controller.ts';
import { failure } from './status.ts';

/** Returns the refusal (409) of an apply that conflicts with other field managers, with one cause for each field. */
export function conflictStatus(conflicts: readonly Conflict[]): ApiStatus {
  const said = conflicts
    .map(({ manager, fields }) => {
      const subresource = manager.subresource === '' ? '' : ` with subresource "${manager.subresource}"`;
      const using = manager.operation === 'Apply' ? '' : ` using ${manager.apiVersion}`;
      return { who: `${JSON.stringify(manager.manager)}${subresource}${using}`, fields };
    })
    .sort((a, b) => (a.who < b.who ? -1 : 1));
  const causes = said.flatMap(({ who, fields }) =>
    fields.map((field) => ({ reason: 'FieldManagerConflict', message: `conflict with ${who}`, field })),
  );
  const text =
    causes.length === 1
      ? `conflict with ${said[0]?.who ?? ''}: ${causes[0]?.field ?? ''}`
      : said
          .map(({ who, fields }) => `conflicts with ${who}:\n${fields.map((field) => `- ${field}`).join('\n')}`)
          .join('\n');
  return failure(
    409,
    'Conflict',
    `Apply failed with ${causes.length} conflict${causes.length === 1 ? '' : 's'}: ${text}`,
    { causes },
  );
}
