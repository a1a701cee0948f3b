"""What mkdocs fills in: tables of the settings of landscapes, read from their recipes."""

from lossatlas.recipes import RECIPES, settings_of


MARK = "<!-- settings of all landscapes -->"


def on_page_markdown(markdown: str, **page) -> str:
    """Put the tables in the place of the mark."""
    return markdown.replace(MARK, tables()) if MARK in markdown else markdown


def tables() -> str:
    """Return one table per recipe, for all landscapes that it builds."""
    names: dict = {}
    for name, recipe in RECIPES.items():
        names.setdefault(recipe, []).append(f"`{name}`")
    lines = []
    for recipe, called in names.items():
        settings = settings_of(recipe)
        if not settings:
            continue
        lines += ["", f"#### {', '.join(called)}", "", "| setting | default | |", "| --- | --- | --- |"]
        for setting in settings.values():
            option = setting.help.argument or f"--{setting.key.replace('_', '-')}"
            lines.append(f"| `{option}` | {setting.default or 'required'} | {setting.help.text} |")
    return "\n".join(lines)
