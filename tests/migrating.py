"""Migrations there and back, for the tests of migrations that change stored rows."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.migrations.executor import MigrationExecutor


class Executor(MigrationExecutor):
    """Django's executor, which on the way back makes the model classes of the migrations that it takes back, and no others.

    Django makes them anew after every operation of every migration since the first: four fifths of the time of the way back.
    """

    def _migrate_all_backwards(self, plan: list[Any], full_plan: list[Any], fake: bool) -> Any:
        applied = {
            self.loader.graph.nodes[key] for key in self.loader.applied_migrations if key in self.loader.graph.nodes
        }
        taken_back = {migration for migration, _ in plan}
        before, state = {}, self._create_project_state()
        for migration, _ in full_plan:
            if migration in taken_back:
                before[migration] = state
                state = migration.mutate_state(state)
            elif migration in applied:
                state = migration.mutate_state(state, preserve=False)
        for migration, _ in plan:
            self.unapply_migration(before[migration], migration, fake=fake)
        return self._create_project_state(with_applied_migrations=True)


def migrated(targets: list[tuple[str, str]]) -> Any:
    """Migrate to these migrations; return the models of that moment."""
    Executor(connection).migrate(targets)
    return Executor(connection).loader.project_state(targets).apps


def newest() -> list[tuple[str, str]]:
    return list(Executor(connection).loader.graph.leaf_nodes())
