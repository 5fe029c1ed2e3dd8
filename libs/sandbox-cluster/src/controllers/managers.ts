/** Field managers, with the names of the programs of a real cluster. */
export const CONTROLLERS = 'kube-controller-manager';
export const KUBELET = 'kubelet';
export const SCHEDULER = 'kube-scheduler';

/** Notice in messages that have no counterpart on a real cluster. */
export const SIMULATED = 'simulated: objects are real, no container runs';
