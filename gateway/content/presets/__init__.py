"""The rules of common generators, in the words of `gateway.yaml`. A site names one as its `preset`."""

from __future__ import annotations

from importlib import resources

PRESETS = ("astro", "docusaurus", "eleventy", "hexo", "hugo", "jekyll", "nuxt", "obsidian", "zola")


def text(name: str) -> str:
    """The rules of a preset as YAML."""
    return (resources.files(__name__) / f"{name}.yaml").read_text("utf-8")
