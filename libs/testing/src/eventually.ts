/**
 * Tries until `attempt` returns without throwing: for conditions that another process or loop brings about.
 * @param withinMs milliseconds until the last failure is thrown; 30,000 when left out; a busy machine makes everything late
 */
export async function eventually<T>(attempt: () => T | Promise<T>, withinMs = 30_000): Promise<T> {
  const began = performance.now();
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      const waitedMs = performance.now() - began;
      if (waitedMs > withinMs) throw error;
      // Less and less often: what takes long must not use up the requests that a plan allows.
      await new Promise((resolve) => setTimeout(resolve, Math.min(20 + waitedMs / 10, 250)));
    }
  }
}
