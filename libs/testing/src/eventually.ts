/**
 * Retries until `attempt` returns without throwing. For conditions that another process or loop fulfills.
 * @param withinMs milliseconds until the last error is thrown; defaults to 30,000, since a busy machine is slow
 */
export async function eventually<T>(attempt: () => T | Promise<T>, withinMs = 30_000): Promise<T> {
  const startedMs = performance.now();
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      const waitedMs = performance.now() - startedMs;
      if (waitedMs > withinMs) throw error;
      // With increasing delays, so that polling does not exceed the request limit of a plan.
      await new Promise((resolve) => setTimeout(resolve, Math.min(20 + waitedMs / 10, 250)));
    }
  }
}
