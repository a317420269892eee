"""`mediacanon schema`: exports the GraphQL schema as text."""

from pathlib import Path

import click


@click.group()
def schema() -> None:
    """Export the GraphQL schema."""


@schema.command()
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write instead of standard output."
)
def export(output: Path | None) -> None:
    """Print the schema in SDL, for the tools of GraphQL clients."""
    from mediacanon.schema.root import build_schema

    text = build_schema().as_str() + "\n"
    if output:
        output.write_text(text)
    else:
        click.echo(text, nl=False)
