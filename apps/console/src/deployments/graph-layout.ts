import Elk from 'elkjs/lib/elk.bundled.js';

/** Size of a node, in pixels. */
export const NODE = { width: 220, height: 68 } as const;

/** Space between nodes, in pixels. */
const OPTIONS = {
  'elk.algorithm': 'layered',
  'elk.direction': 'RIGHT',
  'elk.spacing.nodeNode': '14',
  'elk.layered.spacing.nodeNodeBetweenLayers': '64',
  'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
};

// The bundle has the layout itself, so that it needs no worker, which the Content-Security-Policy would refuse.
const elk = new Elk();

/** Returns the places of nodes in layers from left to right, in pixels. */
export async function layOut({
  nodes,
  edges,
}: {
  readonly nodes: readonly { readonly id: string }[];
  readonly edges: readonly { readonly id: string; readonly from: string; readonly to: string }[];
}): Promise<ReadonlyMap<string, { readonly x: number; readonly y: number }>> {
  const { children = [] } = await elk.layout({
    id: 'graph',
    layoutOptions: OPTIONS,
    children: nodes.map(({ id }) => ({ id, ...NODE })),
    edges: edges.map(({ id, from, to }) => ({ id, sources: [from], targets: [to] })),
  });
  return new Map(children.map(({ id, x = 0, y = 0 }) => [id, { x, y }]));
}
