import type { PinnedSource } from './resolved.ts';

/** Digits of commits and digests that are shown. */
const SHOWN = 12;

/** Returns the name under which a source was found, such as `main`, and what it was, shortened. */
export function pinText({ from, pin }: PinnedSource): { readonly name: string; readonly is: string } {
  if (from.type === 'helm' && pin.type === 'helm')
    return { name: `${chartOf(from.chart)} ${pin.version}`, is: pin.digest.slice(0, 'sha256:'.length + SHOWN) };
  if (pin.type !== 'git') return { name: '', is: '' };
  const name = pin.ref?.replace(/^refs\/(heads|tags)\//, '');
  return { name: name ?? '', is: pin.commit.slice(0, SHOWN) };
}

const chartOf = (chart: string): string => chart.split('/').at(-1) ?? chart;

/**
 * Returns a source as text: `git https://git.acme.dev/shop/deploy.git main@9f2c41d0a1b2`, or `helm podinfo 6.7.0
 * sha256:9f2c41d0a1b2`.
 */
export function sourceText(source: PinnedSource): string {
  const { name, is } = pinText(source);
  if (source.type === 'helm') return `helm ${name} ${is}`;
  return `git ${source.from.url} ${name === '' ? is : `${name}@${is}`}`;
}
