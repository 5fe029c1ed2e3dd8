import { podFailure } from './health/pod-failure.ts';
import { healthOf } from './health/object-health.ts';
import { plainText, statusError, withoutValues } from './status.ts';

const CANARY = 'hunter2-canary';
const error = (code: number, message: string, causes: readonly object[] = []) =>
  statusError({ kind: 'Status', code, message, details: { causes } }, code);

/** Messages of Kubernetes 1.36, each with a value of the object where the message quotes one. */
const TEXTS: readonly (readonly [string, ReturnType<typeof error>, RegExp])[] = [
  [
    'an immutable template, printed as a Go structure',
    error(
      422,
      `Job.batch "m" is invalid: spec.template: Invalid value: core.PodTemplateSpec{ObjectMeta:v1.ObjectMeta{Name:"", Labels:map[string]string{"a":"b"}}, Spec:core.PodSpec{Containers:[]core.Container{core.Container{Name:"c", Env:[]core.EnvVar{core.EnvVar{Name:"P", Value:"a: ${CANARY}, \\"}", ValueFrom:(*core.EnvVarSource)(nil)}}}}}}: field is immutable`,
      [
        {
          reason: 'FieldValueInvalid',
          field: 'spec.template',
          message: `Invalid value: core.PodTemplateSpec{Spec:core.PodSpec{Containers:[]core.Container{core.Container{Env:[]core.EnvVar{core.EnvVar{Name:"P", Value:"${CANARY}"}}}}}}: field is immutable`,
        },
      ],
    ),
    /^spec\.template: Invalid value: field is immutable$/,
  ],
  [
    'the same message without causes',
    error(
      422,
      `Job.batch "m" is invalid: spec.template: Invalid value: core.PodTemplateSpec{Spec:core.PodSpec{Value:"}: ${CANARY}, "}}: field is immutable`,
    ),
    /spec\.template: Invalid value: field is immutable$/,
  ],
  [
    'a quoted text',
    error(422, `ConfigMap "x" is invalid: data[k]: Invalid value: "a \\"${CANARY}\\": b": must be short`),
    /data\[k\]: Invalid value: must be short$/,
  ],
  [
    'a value that is repeated',
    error(422, `Pod "x" is invalid: spec.x[1]: Duplicate value: {"name":"${CANARY}"}`),
    /spec\.x\[1\]: Duplicate value$/,
  ],
  [
    'a value that is not supported',
    error(422, `Pod "x" is invalid: spec.y: Unsupported value: "${CANARY}": supported values: "A", "B"`),
    /spec\.y: Unsupported value: supported values: "A", "B"$/,
  ],
  [
    'a typed patch',
    error(
      500,
      `failed to create typed patch object (n/x; v1, Kind=Secret): .data.k: expected string, got &value.valueUnstructured{Value:map[string]interface {}{"a":"${CANARY}"}}`,
    ),
    /^failed to create typed patch object .*\.data\.k: expected string, got another type$/,
  ],
  [
    'an admission webhook',
    error(403, `admission webhook "check.acme.dev" denied the request: password ${CANARY} is too weak`),
    /^admission webhook "check\.acme\.dev" denied the request$/,
  ],
  [
    'an admission policy',
    error(
      422,
      `pods "x" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: ${CANARY} is not allowed`,
    ),
    /^ValidatingAdmissionPolicy 'p' denied the request$/,
  ],
  [
    'a webhook that cannot be called',
    error(500, `Internal error occurred: failed calling webhook "x.acme.dev": Post "https://h/?${CANARY}": refused`),
    /^failed calling webhook "x\.acme\.dev"$/,
  ],
];

describe('use-S18: values of manifests in messages of a cluster', () => {
  it.each(TEXTS)('%s: the message keeps path and reason, and omits the value', (_, response, expected) => {
    expect(plainText(response)).toMatch(expected);
    expect(plainText(response)).not.toContain(CANARY);
  });

  it.each(['CreateContainerError', 'CreateContainerConfigError', 'RunContainerError'])(
    'a container runtime that quotes arguments (%s) is not quoted',
    (reason) => {
      const message = `failed to create containerd task: exec: "run --password=${CANARY}": executable file not found in $PATH`;
      const failure = podFailure({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'web-1' },
        status: {
          phase: 'Pending',
          message: CANARY,
          containerStatuses: [{ name: 'c', image: 'x', restartCount: 0, state: { waiting: { reason, message } } }],
        },
      });
      expect(failure?.message).toContain('executable file not found');
      expect(JSON.stringify(failure)).not.toContain(CANARY);
    },
  );

  it('are omitted from conditions and warnings', () => {
    const message = `Pod "x" is invalid: spec.containers[0].env[0].value: Invalid value: "${CANARY}": no`;
    const condition = { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message };
    const health = healthOf({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web' },
      status: { conditions: [condition] },
    });
    expect(health.message).toContain('spec.containers[0].env[0].value: Invalid value: no');
    expect(health.message).not.toContain(CANARY);
    expect(withoutValues(`spec.x: Invalid value: ${CANARY}`)).toBe('spec.x: Invalid value');
  });
});
