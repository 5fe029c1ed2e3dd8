import type { ImageWorkload } from '#kubernetes';

/**
 * Returns the workload with the values of its secrets, by key. Variables and files of a secret that was removed are left
 * out: pods that refer to a missing key would not start.
 */
export function withSecretValues(workload: ImageWorkload, values: ReadonlyMap<string, string>): ImageWorkload {
  return {
    ...workload,
    env: workload.env.filter(
      (variable) =>
        !('secret' in variable) || variable.secret.secretName !== undefined || values.has(variable.secret.key),
    ),
    configFiles: workload.configFiles.filter((file) => !('secret' in file) || values.has(file.secret)),
    secrets: Object.fromEntries(values),
  };
}
