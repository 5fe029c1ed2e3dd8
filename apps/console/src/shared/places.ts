/** Pages of global admins: titles and paths. */
export const ADMIN_PLACES: readonly (readonly [title: string, path: string])[] = [
  ['All organizations', '/admin/organizations'],
  ['Users', '/admin/users'],
  ['Egress', '/admin/egress'],
  ['Projections', '/admin/projections'],
  ['Doctor', '/admin/doctor'],
];
