"""`gateway init --infer`: the collections that it proposes for three sites, and its second run."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.content import inference, proposals, site_config
from gateway.content.site import DEFAULT_SITE
from tests.commands import invoke


def write(root: Path, path: str, front: str, body: str = "Text.\n") -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"---\n{front}\n---\n{body}")


def hugo(root: Path) -> None:
    """Recipes with keys in `params`, one with a word for a number, and people that recipes name."""
    (root / "hugo.toml").write_text('baseURL = "https://kitchen.example/"\n')
    for number in range(24):
        rating = "four" if number == 7 else f"{number % 5}.5"
        vegan = "" if number % 4 else f"\nvegan: {'yes' if number % 8 else 'no'}"
        slip = "\nservigns: 4" if number == 3 else f"\nservings: {number + 2}"
        write(
            root,
            f"content/recipes/soups/recipe-{number:02}.md",
            f"title: Recipe {number}\ndate: 2024-01-{number + 1:02}\ntags: [soup]\nlayout: recipe\nweight: {number}\n"
            f"params:\n  rating: {rating}\ndifficulty: {('easy', 'hard', 'medium')[number % 3]}\ncook-time: {number}\n"
            f"tools: [Pot {number}, Knife]\nchef: people/{('cook', 'baker')[number % 2]}.md\ncover: soup-{number}.jpg\n"
            f"gallery:\n  - one-{number}.jpg\n  - src: two.png\n    alt: Two\n"
            f"nutrition:\n  fat: {number}.5\n  source: Table {number}{vegan}{slip}",
        )
    for name in ("cook", "baker"):
        write(root, f"content/people/{name}.md", f"title: {name.title()}\nborn: 1980-02-03\nphoto: {name}.jpg")
    write(root, "content/about.md", "title: About\nmotto: Eat.")


HUGO = """\
# A declared field is public under `gateway serve`. Delete what must stay private.
collections:
  people:  # 2 files in content/people/
    path: "content/people/**"
    type: People
    fields:
      born: Date  # in all 2 files: required?
      photo: Image  # in all 2 files: required?
  recipes:  # 24 files in content/recipes/
    path: "content/recipes/**"
    type: Recipe
    fields:
      chef: people  # in all 24 files: required?
      cookTime: {type: Int, from: "cook-time"}  # in all 24 files: required?
      difficulty: [easy, hard, medium]  # in all 24 files: required?
      gallery: [Image]  # in all 24 files: required?
      nutrition: {fat: Float, source: String}  # in all 24 files: required?
      rating: {type: Float, from: "params.rating"}  # in all 24 files: required?; \
not a number: content/recipes/soups/recipe-07.md:8 "four"
      tools: [String]  # in all 24 files: required?
      servings: Int  # in 23 files
      vegan: Boolean  # in 6 files
      # servigns: Int  # in 1 file; a misspelling of `servings`?
"""


def astro(root: Path) -> None:
    """Two folders of content with different keys, and a folder whose subfolders have little in common."""
    (root / "astro.config.mjs").write_text("export default {}\n")
    for number in range(12):
        write(
            root,
            f"src/content/events/event-{number:02}.md",
            f"title: Event {number}\nstarts: 2024-05-{number + 1:02}T18:00:00+02:00\n"
            f"online: {'true' if number % 2 else 'false'}\nlevel: {('all levels', 'first steps')[number % 2]}\n"
            f"speakers:\n  - name: Speaker {number}\n    talk: Talk {number}\n"
            f"price: {number}\nnotes: |\n  One paragraph.\n\n  Another {number}.",
        )
    for number in range(6):
        write(
            root,
            f"src/content/shop/books/book-{number}.md",
            f"title: B\nisbn: '97801430{number}'\npages: {number + 100}",
        )
        write(root, f"src/content/shop/prints/print-{number}.md", f"title: P\nsize: A{number} sheet\nframed: yes")
    write(root, "src/content/shop/index.md", "title: Shop\nbanner: shop.webp")


ASTRO = """\
# A declared field is public under `gateway serve`. Delete what must stay private.
collections:
  books:  # 6 files in src/content/shop/books/
    path: "src/content/shop/books/**"
    type: Book
    fields:
      isbn: String  # in all 6 files: required?
      pages: Int  # in all 6 files: required?
  prints:  # 6 files in src/content/shop/prints/
    path: "src/content/shop/prints/**"
    type: Print
    fields:
      framed: Boolean  # in all 6 files: required?
      size: String  # in all 6 files: required?
  events:  # 12 files in src/content/events/
    path: "src/content/events/**"
    type: Event
    fields:
      level: {type: {allLevels: "all levels", firstSteps: "first steps"}}  # in all 12 files: required?
      notes: Markdown  # in all 12 files: required?
      online: Boolean  # in all 12 files: required?
      price: Int  # in all 12 files: required?
      speakers: [{name: String, talk: String}]  # in all 12 files: required?
      starts: DateTime  # in all 12 files: required?
  shop:  # 1 file in src/content/shop/
    path: "src/content/shop/**"
    type: Shop
    fields:
      banner: Image  # in 1 file
"""


def jekyll(root: Path) -> None:
    """Posts in a folder with an underscore, drafts, keys that the schema has as names of fields, and mixed values."""
    (root / "_config.yml").write_text("title: A site\n")
    for number in range(10):
        mixed = "text" if number % 2 else "{a: 1}"
        write(
            root,
            f"_posts/2024-01-{number + 1:02}-post.md",
            f"title: Post {number}\nlayout: post\ncategories: [a]\nseries: Series {number // 3}\nlinks: [https://a.example/{number}]\n"
            f"code: 00{number}\nmixed: {mixed}\nsecured: hush\ndraft: false\nscore: {number / 4 + 0.25}",
        )
    write(root, "_drafts/idea.md", "title: Idea\nmood: odd")
    write(root, "topics/one.md", "title: One\nicon: one.svg")


JEKYLL = """\
# A declared field is public under `gateway serve`. Delete what must stay private.
collections:
  posts:  # 10 files in _posts/
    path: "_posts/**"
    type: Post
    fields:
      code: String  # in all 10 files: required?
      postLinks: {type: [String], from: links}  # in all 10 files: required?
      mixed: JSON  # in all 10 files: required?; \
others: _posts/2024-01-01-post.md:8 "mapping", _posts/2024-01-03-post.md:8 "mapping", \
_posts/2024-01-05-post.md:8 "mapping"
      score: Float  # in all 10 files: required?
      series: String  # in all 10 files: required?
  topicsPages:  # 1 file in topics/
    path: "topics/**"
    type: TopicsPage
    fields:
      icon: Image  # in 1 file
"""


@pytest.mark.parametrize(("make", "expected"), [(hugo, HUGO), (astro, ASTRO), (jekyll, JEKYLL)])
def test_proposals(make: Any, expected: str, tmp_path: Path) -> None:
    """What is written is valid, follows the rules of the generator, and is all that a second run finds."""
    make(tmp_path)
    done = invoke("init", tmp_path, "--infer")
    assert done.returncode == 0, done.stderr
    written = (tmp_path / "gateway.yaml").read_text()
    assert written[written.index("# A declared") :] == expected
    assert site_config.read(tmp_path).problems == ()
    again = invoke("init", tmp_path, "--infer")
    assert (again.returncode, again.stdout) == (0, "The collections have all that was found.\n")
    assert (tmp_path / "gateway.yaml").read_text() == written


def test_a_second_run_prints_the_differences(tmp_path: Path) -> None:
    """New keys and folders, fields that no file has, and texts that have a narrower type."""
    hugo(tmp_path)
    declared = (
        "collections:\n  recipes:\n    path: content/recipes\n    fields:\n"
        "      params: {rating: String, old: Int}\n      difficulty: String\n      gone: Int\n"
        "      nutrition: {fat: Float}\n      tools: [String]\n      chef: Reference\n      gallery: [Image]\n"
        "  events: {path: content/events}\n"
    )
    (tmp_path / "gateway.yaml").write_text(declared)
    assert invoke("init", tmp_path, "--infer").stdout == (
        '+ recipes.cookTime: {type: Int, from: "cook-time"}, in 24 files\n'
        "~ recipes.difficulty: String, and its values are [easy, hard, medium]\n"
        "+ recipes.nutrition.source: String, in 24 files\n"
        "~ recipes.params.rating: String, and its values are Float\n"
        "- recipes.params.old, in no file\n"
        "+ recipes.servings: Int, in 23 files\n"
        "+ recipes.vegan: Boolean, in 6 files\n"
        "- recipes.gone, in no file\n"
        "- events, which has no files\n"
        '+ people: path "content/people/**", 2 files\n'
        "+ people.born: Date, in 2 files\n"
        "+ people.photo: Image, in 2 files\n"
    )
    assert (tmp_path / "gateway.yaml").read_text() == declared


def test_rules_with_errors_are_not_compared(tmp_path: Path) -> None:
    (tmp_path / "gateway.yaml").write_text("collections: [a]\n")
    done = invoke("init", tmp_path, "--infer")
    assert done.returncode == 2
    assert "has errors. `gateway check` prints them." in done.stderr


def test_keys_of_the_preset_are_left_out(tmp_path: Path) -> None:
    """Mappings that only hold fields of the schema are not proposed."""
    (tmp_path / "docusaurus.config.js").write_text("export default {}\n")
    write(tmp_path, "docs/a.md", "title: A\nlast_update: {date: 2024-01-02}\nsidebar_position: 2\nversion: 1.2.3")
    invoke("init", tmp_path, "--infer")
    declared = site_config.read(tmp_path).site.collections
    assert [(field.name, field.type.value) for each in declared for field in each.fields] == [("version", "String")]


def test_without_the_option_nothing_is_proposed(tmp_path: Path) -> None:
    hugo(tmp_path)
    invoke("init", tmp_path)
    assert "collections" not in (tmp_path / "gateway.yaml").read_text()


def test_a_corpus_cannot_write_rules(tmp_path: Path) -> None:
    """Keys, values and names of folders with line breaks and quotes stay texts, and long ones are cut."""
    for number in range(12):
        keys = {
            "a\nb": "x",
            'q"': "y",
            "#c": f"odd\npin: [{{path: a}}]{number}",
            "level": ["[easy]", "'hard'\n"][number % 2],
            "long" * 100: 1,
            "number": "\nexpose: [secured]" if number == 5 else number,
        }
        write(tmp_path, f'fol: der"/file-{number}.md', json.dumps(keys))
    invoke("init", tmp_path, "--infer")
    read = site_config.read(tmp_path)
    assert read.problems == ()
    assert (read.site.expose, read.site.pins) == (frozenset(), ())
    assert all(len(line) < 1000 for line in (tmp_path / "gateway.yaml").read_text().splitlines())


KEYS = st.sampled_from(["a", "b", "rating", "a-b", "links", "title", "draft", "type", "params", "é", "A", "1"])
SCALARS = st.sampled_from(["x", "2024-01-02", "a.png", "f1", "docs/f1.md", "", "ü", "null", "true"]) | (
    st.booleans() | st.integers(-5, 5) | st.floats(-9, 9) | st.none()
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)


@settings(max_examples=40)
@given(st.lists(st.dictionaries(KEYS, VALUES, max_size=5), min_size=1, max_size=14), st.booleans())
def test_any_folder_gives_valid_rules(files: list[dict[str, Any]], is_split: bool) -> None:
    """A proposal has no problems, is the same for the same files, and a second run finds no difference."""
    with TemporaryDirectory() as folder:
        root = Path(folder)
        for number, front in enumerate(files):
            below = f"part{number % 2}/" if is_split else ""
            write(root, f"docs/{below}f{number}.md", json.dumps(front))
        found = inference.infer(root, DEFAULT_SITE)
        text = proposals.rules(found)
        assert text == proposals.rules(inference.infer(root, DEFAULT_SITE))
        read = site_config.parse(text.encode())
        assert read.problems == ()
        again = inference.infer(root, read.site)
        assert list(proposals.differences(again, read.site.collections)) == []
