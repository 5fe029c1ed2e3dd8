/**
 * Tries until `attempt` returns without throwing: for conditions that another process or loop brings about.
 * @param withinMs milliseconds until the last failure is thrown; 30,000 when left out; a busy machine makes everything late
 */
export async function eventually<T>(attempt: () => T | Promise<T>, withinMs = 30_000): Promise<T> {
  const end = performance.now() + withinMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
