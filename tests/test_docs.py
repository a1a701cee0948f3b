"""The documentation does what it says: its Python runs, its command lines parse."""

import ast
import re
import shlex
from pathlib import Path

import matplotlib
import pytest
import typer


ROOT = Path(__file__).parents[1]
PAGES = (
    "README.md",
    "docs/quickstart.md",
    "docs/tutorial.md",
    "docs/bring-your-own-loss.md",
    "docs/models.md",
    "docs/properties.md",
    "docs/other-databases.md",
    "docs/theory.md",
    "docs/developing/landscape.md",
    "docs/developing/search.md",
    "docs/developing/quantity.md",
    "docs/developing/analysis.md",
)
COMMAND_PAGES = ("README.md", *(f"docs/{page.name}" for page in sorted((ROOT / "docs").glob("*.md"))))
LINKING_PAGES = (
    *COMMAND_PAGES,
    *(f"docs/developing/{page.name}" for page in sorted((ROOT / "docs/developing").glob("*.md"))),
)


def blocks(page: str, language: str) -> list[str]:
    """Return the fenced code blocks of a page that are written in `language`."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def outputs(page: str) -> list[str | None]:
    """Return for every block of Python the text that stands right below it, None where there is none."""
    text = (ROOT / page).read_text(encoding="utf-8")
    pattern = r"^```python\n.*?^```$(?:\n+^```text\n(.*?)^```$)?"
    return [match[1] for match in re.finditer(pattern, text, re.MULTILINE | re.DOTALL)]


def assert_printed(shown: str, printed: str, where: str):
    """Assert that words agree, and numbers to the digits shown or 1 in 1,000."""
    ours, theirs = (re.findall(NUMBER + r"|[^\s]", text) for text in (shown, printed))
    assert len(ours) == len(theirs), f"{where} prints\n{printed}"
    for a, b in zip(ours, theirs):
        number = re.fullmatch(NUMBER, a) and re.fullmatch(NUMBER, b)
        same = float(a) == pytest.approx(float(b), rel=1e-3, abs=1e-12) if number else a == b
        assert same, f"{where} prints {b} where the page shows {a}:\n{printed}"


def command_lines() -> list[str]:
    """Return every `lossatlas ...` in a shell block, without comments."""
    lines = [
        line.split("#")[0].strip().rpartition("&& ")[2]
        for page in dict.fromkeys(COMMAND_PAGES)
        for block in blocks(page, "sh")
        for line in block.splitlines()
    ]
    return sorted({line for line in lines if line.startswith("lossatlas ")})


NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?"
QUICK = ("docs/other-databases.md", "docs/developing/analysis.md")


@pytest.mark.wrong_shapes  # some blocks show what is refused
@pytest.mark.parametrize(
    "page", [pytest.param(page, marks=() if page in QUICK else pytest.mark.slow) for page in PAGES]
)
def test_python_runs_and_prints_what_the_page_shows(page, tmp_path, monkeypatch, capsys):
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    from lossatlas.recipes import RECIPES
    from lossatlas.searches import SEARCHES

    monkeypatch.chdir(tmp_path)
    known = dict(RECIPES), dict(SEARCHES)  # pages register a landscape and a search of their own
    namespace: dict = {"__name__": "__main__"}
    python = blocks(page, "python")
    assert python
    try:
        for number, (block, shown) in enumerate(zip(python, outputs(page), strict=True), start=1):
            exec(compile(block, f"{page}, block {number}", "exec"), namespace)
            printed = capsys.readouterr().out
            if shown is not None:
                assert_printed(shown, printed, f"{page}, block {number},")
    finally:
        plt.close("all")
        for registry, names in zip((RECIPES, SEARCHES), known):
            registry.clear()
            registry.update(names)


@pytest.mark.parametrize("line", command_lines())
def test_command_line_parses(line):
    from lossatlas.cli._main import app

    group = typer.main.get_command(app)
    name, *arguments = shlex.split(line)[1:]
    if name.startswith("-"):
        group.make_context("lossatlas", [name], resilient_parsing=True)
        assert any(name in parameter.opts for parameter in group.params) or name == "--help"
        return
    # Fails for an unknown subcommand, an unknown option, or a missing argument.
    command = group.commands[name]
    command.make_context(name, arguments)


def test_every_subcommand_is_documented():
    from lossatlas.cli._main import app

    shown = {shlex.split(line)[1] for line in command_lines()}
    assert set(typer.main.get_command(app).commands) <= shown


@pytest.mark.parametrize(
    "room", sorted(path.parent.name for path in (ROOT / "src/lossatlas").glob("*/__init__.py"))
)
def test_api_pages_have_every_public_name(room):
    folder = ROOT / "src/lossatlas" / room
    stub = folder / "__init__.pyi"
    text = (stub if stub.exists() else folder / "__init__.py").read_text(encoding="utf-8")
    imports = ast.parse(text).body
    public = {
        alias.asname
        for node in imports
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname and not alias.asname.startswith("_")
    }
    pages = "".join(page.read_text(encoding="utf-8") for page in (ROOT / "docs/api").glob("*.md"))
    listed = {
        name.rpartition(".")[2] for name in re.findall(rf"^::: lossatlas\.{room}\.(.+)$", pages, re.M)
    }
    assert public and listed == public


def test_links_lead_somewhere():
    for page in LINKING_PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", text):
            assert ((ROOT / page).parent / target).exists(), f"{page} links to {target}"


@pytest.mark.parametrize(
    "room", sorted(path.parent.name for path in (ROOT / "src/lossatlas").glob("*/__init__.py"))
)
def test_every_room_says_what_it_is_for_and_names_files_that_are_there(room):
    folder = ROOT / "src/lossatlas" / room
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert 10 <= len(text.splitlines()) <= 20
    named = re.findall(r"`([\w/-]+\.(?:py|md|html))`", text)
    assert named
    for name in named:
        assert any((place / name).exists() for place in (folder, folder.parent, ROOT)), name
