"""``agentrun flow``: draw or export an agent's flow."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import click

from agentrun.cli.options.output_file import OutputFile

SECONDS = 60.0


@click.command()
@click.argument("spec", type=click.Path(path_type=Path))
@click.option("--svg", type=OutputFile(), help="Write an SVG file (Graphviz).")
@click.option("--export", is_flag=True, help="Print it as YAML for Pipecat Flows.")
def command(spec: Path, svg: Path | None, export: bool) -> None:
    """Draw the flow of SPEC, as Mermaid or as an SVG file."""
    from agentrun import spec as specs
    from agentrun.errors import SetupError
    from agentrun.spec.checks import flow_graph
    from agentrun.spec.reference import flow_drawing, flow_export

    file = specs.load(spec)
    flow = file.spec.flow
    if flow is None:
        raise SetupError(
            f"{spec} has no `flow:`", "its conversation has no steps; see docs/how-to/write-flows.md"
        )
    flow_graph.require_nodes(file)
    if export:
        click.echo(flow_export.as_yaml(flow), nl=False)
        return
    if svg is None:
        click.echo(flow_drawing.mermaid(flow, file.spec.turns.keys))
        return
    graphviz = shutil.which("dot")
    if graphviz is None:
        raise SetupError(
            "an SVG file needs Graphviz, which is not here", "apt-get install graphviz, or leave out --svg"
        )
    drawn = subprocess.run(  # noqa: S603
        [graphviz, "-Tsvg"],
        input=flow_drawing.dot(flow, file.spec.turns.keys).encode(),
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    if drawn.returncode:
        raise SetupError(
            f"Graphviz failed: {drawn.stderr.decode(errors='replace').strip()}", "leave out --svg"
        )
    svg.write_bytes(drawn.stdout)
    click.echo(f"wrote {svg}")
