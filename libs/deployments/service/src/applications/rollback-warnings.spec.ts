import { entry } from '../testing/fixtures.ts';
import { rollbackWarnings } from './rollback-warnings.ts';

describe('warnings of a rollback', () => {
  const pin = 'sync is Pinned until you apply a manifest or run: astroctl app resume web';

  it('name what it does not undo', () =>
    expect(
      rollbackWarnings('web', [
        entry('Deployment', 'web'),
        entry('PersistentVolumeClaim', 'data'),
        entry('PersistentVolumeClaim', 'cache'),
        entry('CustomResourceDefinition', 'widgets.acme.dev'),
        entry('Job', 'migrate'),
      ]),
    ).toEqual([
      'the data of PersistentVolumeClaim/data, PersistentVolumeClaim/cache stays as it is',
      'a rollback never deletes CustomResourceDefinition/widgets.acme.dev',
      'what Job/migrate did is not undone',
      pin,
    ]));

  it('say that the application is pinned', () =>
    expect(rollbackWarnings('web', [entry('Deployment', 'web')])).toEqual([pin]));

  it('name the first objects only', () =>
    expect(
      rollbackWarnings(
        'web',
        Array.from({ length: 8 }, (_, index) => entry('Job', `j${index}`)),
      )[0],
    ).toBe('what Job/j0, Job/j1, Job/j2, Job/j3, Job/j4 and 3 more did is not undone'));
});
