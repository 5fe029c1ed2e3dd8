/**
 * Returns the processor time in milliseconds that this process uses until `work` is done, which does not depend on
 * other processes.
 */
export async function cpuMs(work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}
