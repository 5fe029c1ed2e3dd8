import { APPLICATION_LABEL } from './ownership.ts';
import type { ImageWorkload } from './workload.ts';

type Labels = Readonly<Record<string, string>>;

export interface WorkloadLabels {
  /** Never changes: a Deployment's selector cannot. */
  readonly selector: Labels;
  /** Of every object. */
  readonly object: Labels;
  /** Of pods: what changes here restarts them. */
  readonly pod: Labels;
}

/** See kubernetes.io/docs/concepts/overview/working-with-objects/common-labels. */
const LABEL = {
  name: 'app.kubernetes.io/name',
  instance: 'app.kubernetes.io/instance',
  version: 'app.kubernetes.io/version',
} as const;

/** The labels of a workload's objects, of its pods, and the part of them by which pods are found. */
export function labelsOf(workload: ImageWorkload): WorkloadLabels {
  const { name, applicationId, labels, rendering } = workload;
  const selector = { [LABEL.name]: name, ...(applicationId !== undefined && { [APPLICATION_LABEL]: applicationId }) };
  if (rendering === undefined) {
    const all = { ...labels, ...selector };
    return { selector, object: all, pod: all };
  }
  const version = versionIn(workload.image);
  const common = { [LABEL.instance]: name, ...(version !== '' && { [LABEL.version]: version }) };
  return {
    selector,
    object: { ...common, ...labels, ...selector },
    pod: { ...common, ...labelsRead(workload), ...selector },
  };
}

/** Labels for pods that are found by no selector of the workload's. */
export const unselected = (labels: Labels, name: string): Labels => ({ ...labels, [LABEL.name]: name });

/** Labels that a variable takes its value from must be on the pod itself. */
function labelsRead({ env, labels }: ImageWorkload): Labels {
  const read = env.flatMap((variable) => {
    const key = 'fieldRef' in variable ? /^metadata\.labels\['(.+)'\]$/.exec(variable.fieldRef)?.[1] : undefined;
    return key === undefined ? [] : [key];
  });
  return Object.fromEntries(Object.entries(labels).filter(([key]) => read.includes(key)));
}

/** Tag of an image, or the beginning of its digest, in the form of a label's value; empty where there is neither. */
export function versionIn(image: string): string {
  const [named = '', digest] = image.split('@');
  const tag = /:([^/:]+)$/.exec(named)?.[1];
  const version = tag ?? digest?.replace(/^sha256:/, '').slice(0, 12) ?? '';
  return version.slice(0, 63).replaceAll(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '');
}
