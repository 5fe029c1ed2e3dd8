import { APPLICATION_LABEL } from './ownership.ts';
import type { ImageWorkload } from './workload.ts';

type Labels = Readonly<Record<string, string>>;

export interface WorkloadLabels {
  /** Labels of the selector. They never change, since a Deployment's selector is immutable. */
  readonly selector: Labels;
  /** Labels of every object. */
  readonly object: Labels;
  /** Labels of pods. A change restarts them. */
  readonly pod: Labels;
}

/** See kubernetes.io/docs/concepts/overview/working-with-objects/common-labels. */
const LABEL = {
  name: 'app.kubernetes.io/name',
  instance: 'app.kubernetes.io/instance',
  version: 'app.kubernetes.io/version',
} as const;

/** Returns the labels of a workload's objects and pods, and those of its selector. */
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

/** Returns labels that no selector of the workload matches. */
export const unselected = (labels: Labels, name: string): Labels => ({ ...labels, [LABEL.name]: name });

/** Returns labels that variables refer to, which must be on the pod itself. */
function labelsRead({ env, labels }: ImageWorkload): Labels {
  const read = env.flatMap((variable) => {
    const key = 'fieldRef' in variable ? /^metadata\.labels\['(.+)'\]$/.exec(variable.fieldRef)?.[1] : undefined;
    return key === undefined ? [] : [key];
  });
  return Object.fromEntries(Object.entries(labels).filter(([key]) => read.includes(key)));
}

/** Returns the tag of an image, or the start of its digest, as a valid label value; empty if it has neither. */
export function versionIn(image: string): string {
  const [named = '', digest] = image.split('@');
  const tag = /:([^/:]+)$/.exec(named)?.[1];
  const version = tag ?? digest?.replace(/^sha256:/, '').slice(0, 12) ?? '';
  return version.slice(0, 63).replaceAll(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '');
}
