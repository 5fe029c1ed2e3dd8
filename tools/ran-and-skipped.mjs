// A jest reporter: says at the end which suites ran on which engines, and which were skipped and why. Their titles say both.
export default class RanAndSkipped {
  onRunComplete(_contexts, { testResults }) {
    const ran = new Map();
    const skipped = new Set();
    for (const { testResults: tests } of testResults) {
      for (const { ancestorTitles, title, status } of tests) {
        const suite = ancestorTitles[0] ?? title;
        if (status === 'pending' && ancestorTitles.length < 2) skipped.add(suite);
        else if (status !== 'pending') ran.set(suite, (ran.get(suite) ?? 0) + 1);
      }
    }
    for (const [suite, count] of ran) console.log(`ran: ${suite} (${count} tests)`);
    for (const suite of skipped) if (!ran.has(suite)) console.log(`skipped: ${suite}`);
  }
}
