"""`mediacanon schema`: the GraphQL schema as text."""

from pathlib import Path

import click


@click.group()
def schema() -> None:
    """Show the GraphQL schema."""


@schema.command()
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="A file instead of the terminal.")
def export(output: Path | None) -> None:
    """Print the schema in SDL, as clients' tools read it."""
    from mediacanon.schema.root import build_schema

    text = build_schema().as_str() + "\n"
    if output:
        output.write_text(text)
    else:
        click.echo(text, nl=False)
