"""`mediacanon schema`: exports the GraphQL schema."""

from pathlib import Path

from click.testing import CliRunner

from cli import main


def test_the_schema_is_exported(tmp_path: Path) -> None:
    """The SDL goes to standard output, or to the file of --output."""
    printed = CliRunner().invoke(main, ["schema", "export"])
    assert printed.exit_code == 0
    assert "type Query {" in printed.output
    file = tmp_path / "schema.graphql"
    assert CliRunner().invoke(main, ["schema", "export", "-o", str(file)]).output == ""
    assert file.read_text() == printed.output
