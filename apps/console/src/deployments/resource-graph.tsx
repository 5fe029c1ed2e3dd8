import '@xyflow/react/dist/style.css';
import { Box, Text, UnstyledButton, useComputedColorScheme } from '@mantine/core';
import { useReducedMotion } from '@mantine/hooks';
import {
  Background,
  Controls,
  Handle,
  Position,
  ReactFlow,
  type Edge,
  type Node,
  type NodeProps,
  type NodeTypes,
} from '@xyflow/react';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { Loading } from '../shared/page.tsx';
import { StatusDot } from '../shared/status.tsx';
import { layOut, NODE } from './graph-layout.ts';
import classes from './resource-graph.module.css';
import type { TreeNode } from './resource-tree.ts';

type GraphNode = Node<{ readonly node: TreeNode; readonly onUnfold: (kind: string) => void }, 'object'>;

const nodeTypes: NodeTypes = { object: ObjectNode };

/**
 * The tree of an application as a graph, from left to right. The list beside it shows the same for keyboards and screen
 * readers.
 */
export default function ResourceGraph({
  tree,
  onUnfold,
}: {
  readonly tree: TreeNode;
  readonly onUnfold: (kind: string) => void;
}) {
  const colorMode = useComputedColorScheme('light');
  const isStill = useReducedMotion();
  const shape = useMemo(() => flatten(tree), [tree]);
  const key = shape.edges.map(({ id }) => id).join(' ');
  const layout = useQuery({ queryKey: ['graph', key], queryFn: () => layOut(shape), staleTime: Infinity });
  const places = layout.data;
  if (layout.error) throw layout.error;
  if (!places) return <Loading />;
  const nodes = shape.nodes.map((node): GraphNode => ({
    id: node.id,
    type: 'object',
    position: places.get(node.id) ?? { x: 0, y: 0 },
    data: { node, onUnfold },
    width: NODE.width,
    height: NODE.height,
  }));
  const edges = shape.edges.map(({ id, from, to }): Edge => ({ id, source: from, target: to }));
  return (
    <Box className={classes['graph']} role="group" aria-label="Graph of the objects">
      <ReactFlow
        key={key}
        nodes={nodes}
        edges={edges}
        nodeTypes={nodeTypes}
        colorMode={colorMode}
        fitView
        fitViewOptions={{ maxZoom: 1, padding: 0.08 }}
        minZoom={0.2}
        nodesDraggable={false}
        nodesConnectable={false}
        nodesFocusable={false}
        edgesFocusable={false}
        elementsSelectable={false}
        zoomOnScroll={false}
        preventScrolling={false}
        proOptions={{ hideAttribution: true }}
        {...(isStill === true && { defaultViewport: { x: 0, y: 0, zoom: 1 } })}
      >
        <Background />
        <Controls showInteractive={false} />
      </ReactFlow>
    </Box>
  );
}

function ObjectNode({ data: { node, onUnfold } }: NodeProps<GraphNode>) {
  const { kind, name, health, folded, message } = node;
  const content = (
    <>
      <Text size="xs" c="dimmed" truncate>
        {kind}
      </Text>
      <Text size="sm" ff="monospace" truncate title={message ?? name}>
        {name}
      </Text>
      <Text size="xs" component="div">
        <StatusDot state={health} />
      </Text>
    </>
  );
  return (
    <div className={classes['node']} data-health={health}>
      <Handle type="target" position={Position.Left} isConnectable={false} className={classes['handle']} />
      {folded === undefined ? (
        content
      ) : (
        <UnstyledButton onClick={() => onUnfold(kind)} w="100%" aria-label={`Show all ${folded} of kind ${kind}`}>
          {content}
        </UnstyledButton>
      )}
      <Handle type="source" position={Position.Right} isConnectable={false} className={classes['handle']} />
    </div>
  );
}

/** Returns all nodes of a tree, and the edges from parents to children. */
function flatten(tree: TreeNode): {
  readonly nodes: readonly TreeNode[];
  readonly edges: readonly { readonly id: string; readonly from: string; readonly to: string }[];
} {
  const below = tree.children.map(flatten);
  return {
    nodes: [tree, ...below.flatMap(({ nodes }) => nodes)],
    edges: [
      ...tree.children.map(({ id }) => ({ id: `${tree.id}→${id}`, from: tree.id, to: id })),
      ...below.flatMap(({ edges }) => edges),
    ],
  };
}
