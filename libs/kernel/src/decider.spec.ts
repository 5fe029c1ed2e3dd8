import { categoryOf } from './decider.ts';

describe('the category of a stream', () => {
  it.each([
    ['organization-0198c5f2-7a43-7000-8000-000000000001', 'organization'],
    ['organizationNames-acme', 'organizationNames'],
    ['key-', 'key'],
  ])('of %s is the part before the first hyphen: %s', (stream, category) => {
    expect(categoryOf(stream)).toBe(category);
  });
});
