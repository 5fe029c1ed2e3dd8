/** Text with any number of documents, and the template that they come from. */
export interface ManifestFile {
  readonly name: string;
  readonly text: string;
}

/** helm writes this in front of each object. */
const BORDER = /^---\n# Source: (.+)$/gm;

/** Splits the output of `helm template` by template, in the order of the output. Objects of one template are together. */
export function manifestFiles(manifests: string): readonly ManifestFile[] {
  const borders = [...manifests.matchAll(BORDER)];
  const texts = new Map<string, string[]>();
  const add = (name: string, text: string) => {
    if (text.trim() !== '') texts.set(name, [...(texts.get(name) ?? []), text]);
  };
  add('chart', manifests.slice(0, borders[0]?.index));
  for (const [index, border] of borders.entries())
    add(border[1] ?? 'chart', manifests.slice(border.index, borders[index + 1]?.index));
  return [...texts].map(([name, parts]) => ({ name, text: parts.join('') }));
}
