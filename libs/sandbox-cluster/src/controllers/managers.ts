/** Field managers, named as the programs of a real cluster. */
export const CONTROLLERS = 'kube-controller-manager';
export const KUBELET = 'kubelet';
export const SCHEDULER = 'kube-scheduler';

/** The sandbox's one node, as it is seeded. */
export const NODE = 'sandbox-node-0';
/** What the node's kubelet says it is. */
export const KUBELET_VERSION = 'v1.36.3+sandbox';
/** Said wherever the sandbox speaks for itself. */
export const SIMULATED = 'simulated: objects are real, no container runs';
