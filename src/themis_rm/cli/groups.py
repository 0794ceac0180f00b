"""The application and its groups of verbs; the modules of this package add their verbs on import."""

from __future__ import annotations

from typing import Any

import typer
from rich.markup import escape

from themis_rm.cli.grammar import VerbGroup, epilog

DATA, TRAINING, EVALUATION, SCORING, REFERENCE = "Data", "Training", "Evaluation", "Scoring", "Reference"
_HELP = {"help_option_names": ["-h", "--help"]}

app = typer.Typer(
    name="themis-rm",
    cls=VerbGroup,
    help="Code reward models: build preference data, train, evaluate and score.",
    epilog=escape(
        "Settings: options replace --set KEY=VALUE, which replaces --config FILE, which replaces defaults; "
        "'themis-rm settings VERB' lists them. Errors are one line and exit code 2; "
        "THEMIS_DEBUG=1 or --verbose adds debug logs and tracebacks."
    )
    + "\n\n"
    + epilog(["score solution.py --model length", "run demo --out demo", "evaluate --help"]),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings=_HELP,
)


class ListByDefault(VerbGroup):
    """A group in which ``models WORD`` means ``models list WORD`` unless the word is a verb."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments after inserting the verb where it is missing."""
        if not args or args[0] not in {*self.list_commands(ctx), "-h", "--help"}:
            args = ["list", *args]
        return super().parse_args(ctx, args)


models = typer.Typer(
    name="models", cls=ListByDefault, help="List known reward models, or show one.", context_settings=_HELP
)
benchmark = typer.Typer(
    name="benchmark",
    cls=VerbGroup,
    help="Compile, verify, audit and export benchmarks.",
    no_args_is_help=True,
    context_settings=_HELP,
)
app.add_typer(benchmark, rich_help_panel=EVALUATION)
app.add_typer(models, rich_help_panel=REFERENCE)
