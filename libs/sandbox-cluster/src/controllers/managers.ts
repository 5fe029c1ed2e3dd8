/** Field managers, named as the programs of a real cluster. */
export const CONTROLLERS = 'kube-controller-manager';
export const KUBELET = 'kubelet';
export const SCHEDULER = 'kube-scheduler';

/** Said wherever the sandbox speaks for itself. */
export const SIMULATED = 'simulated: objects are real, no container runs';
