"""A command group that suggests a command when one is misspelt."""

from __future__ import annotations

import click

from agentrun.spec.loading.close_match import closest


class Group(click.Group):
    """Suggests the closest command, or lists all."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first of ``args`` names; raises UsageError with a suggestion."""
        name, known = args[0], self.list_commands(ctx)
        if name not in known and not name.startswith("-"):
            hint = closest(name, known) or f"There are: {', '.join(sorted(known))}"
            ctx.fail(f"No such command '{name}'. {hint[0].upper()}{hint[1:]}")
        return super().resolve_command(ctx, args)
