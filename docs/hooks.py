"""A hook of mkdocs that adds tables of the settings of all landscapes, read from their recipes."""

from lossatlas.recipes import RECIPES, settings_of


MARK = "<!-- settings of all landscapes -->"


def on_page_markdown(markdown: str, **page) -> str:
    """Replace the mark by the tables."""
    return markdown.replace(MARK, tables()) if MARK in markdown else markdown


def tables() -> str:
    """Return one table per recipe, headed by all landscapes that the recipe builds."""
    names: dict = {}
    for name, recipe in RECIPES.items():
        names.setdefault(recipe, []).append(f"`{name}`")
    lines = []
    for recipe, called in names.items():
        settings = settings_of(recipe)
        if not settings:
            continue
        heading = f"#### {', '.join(called)}"
        lines += ["", heading, "", "| setting | default | meaning |", "| --- | --- | --- |"]
        for setting in settings.values():
            option = setting.help.argument or f"--{setting.key.replace('_', '-')}"
            lines.append(f"| `{option}` | {setting.default or 'required'} | {setting.help.text} |")
    return "\n".join(lines)
