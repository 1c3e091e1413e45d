/** PostgreSQL behind the `Store` port: migrations, and one file for each table or aggregate. */
export { migrate, pendingMigrations } from './migrations.ts';
export { openStore } from './store.ts';
