/**
 * Finds fields that occur more than once in a JSON text, such as `data.a` or `spec.containers[0].image`. JSON.parse
 * silently keeps the last one; a server reports them. Returns none for a text that is not JSON.
 * @returns at most 50 paths
 */
export function duplicateFields(text: string): readonly string[] {
  const found: string[] = [];
  const open: { readonly names: Set<string> | undefined; path: string; index: number }[] = [];
  let expectsName = false;
  let name = '';
  for (let at = 0; at < text.length && found.length < 50; at += 1) {
    const here = open.at(-1);
    switch (text[at]) {
      case '{':
      case '[': {
        const path = !here ? '' : here.names ? join(here.path, name) : `${here.path}[${here.index}]`;
        open.push({ names: text[at] === '{' ? new Set() : undefined, path, index: 0 });
        expectsName = text[at] === '{';
        break;
      }
      case '}':
      case ']':
        open.pop();
        expectsName = false;
        break;
      case ',':
        if (here?.names) expectsName = true;
        else if (here) here.index += 1;
        break;
      case '"': {
        const end = endOfString(text, at);
        if (expectsName && here?.names) {
          name = unquote(text.slice(at, end + 1));
          if (here.names.has(name)) found.push(join(here.path, name));
          here.names.add(name);
          expectsName = false;
        }
        at = end;
        break;
      }
      default:
        break;
    }
  }
  return found;
}

const join = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}

function unquote(literal: string): string {
  try {
    return String(JSON.parse(literal));
  } catch {
    return literal; // the parser has already refused the text
  }
}
