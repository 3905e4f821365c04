"""Where imports and handlers of JavaScript projects are found."""

import json
from pathlib import Path

import pytest

from iamgen.plugins import ImportRequest
from iamgen.sources._program.modules import Files
from iamgen.sources.code.javascript import PLUGIN


def project(folder: Path, *paths: str, **contents: object) -> Files:
    """Make a project of empty files, and of JSON files by name with `__` for `/` and `_json` for the suffix."""
    for path in paths:
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("export const handler = 1")
    for name, content in contents.items():
        place = folder / (name.replace("__", "/").removesuffix("_json") + ".json")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content if isinstance(content, str) else json.dumps(content))
    return Files(folder)


def resolve(files: Files, importer: str, module: str, *roots: str) -> str | None:
    assert PLUGIN.resolve is not None
    request = ImportRequest(module=module, importer=importer, roots=roots)
    found = PLUGIN.resolve(request, files)
    return found[0] if found else None


def entry(files: Files, handler: str, *roots: str) -> list[tuple[str, str]]:
    assert PLUGIN.entry is not None
    return list(PLUGIN.entry(handler, roots, files))


class TestRelative:
    @pytest.mark.parametrize(
        ("module", "expected"),
        [
            ("./b", "src/b.ts"),
            ("./b.js", "src/b.ts"),
            ("./c.mjs", "src/c.mjs"),
            ("./d", "src/d/index.js"),
            ("./d/", "src/d/index.js"),
            ("..", "index.ts"),
            ("../data.json", "data.json"),
            ("./e", None),
            ("../../outside", None),
        ],
    )
    def test_a_file_or_a_folder(self, tmp_path: Path, module: str, expected: str | None) -> None:
        files = project(tmp_path, "src/a.ts", "src/b.ts", "src/c.mjs", "src/d/index.js", "index.ts", "data.json")
        assert resolve(files, "src/a.ts", module) == expected

    def test_a_folder_with_a_package(self, tmp_path: Path) -> None:
        files = project(tmp_path, "a.js", "lib/main.js", lib__package_json={"main": "./main"})
        assert resolve(files, "a.js", "./lib") == "lib/main.js"

    def test_nothing_outside_the_project(self, tmp_path: Path) -> None:
        (tmp_path / "secret.js").write_text("x")
        inside = tmp_path / "project"
        inside.mkdir()
        (inside / "link.js").symlink_to(tmp_path / "secret.js")
        files = project(inside, "a.js")
        assert resolve(files, "a.js", "../secret") is None
        assert resolve(files, "a.js", "./link") is None


class TestTsconfig:
    def test_paths_from_the_nearest_config(self, tmp_path: Path) -> None:
        files = project(
            tmp_path,
            "api/src/a.ts",
            "api/src/lib/db.ts",
            "shared/log.ts",
            api__tsconfig_json="""{
              // comments and trailing commas are common here
              "compilerOptions": {"baseUrl": "./src", "paths": {"@lib/*": ["lib/*"], "@log": ["../../shared/log.ts"],}},
            }""",
        )
        assert resolve(files, "api/src/a.ts", "@lib/db") == "api/src/lib/db.ts"
        assert resolve(files, "api/src/a.ts", "@log") == "shared/log.ts"
        assert resolve(files, "api/src/a.ts", "lib/db") == "api/src/lib/db.ts"
        assert resolve(files, "api/src/a.ts", "axios") is None

    def test_paths_are_inherited(self, tmp_path: Path) -> None:
        files = project(
            tmp_path,
            "apps/one/a.ts",
            "libs/core/src/index.ts",
            tsconfig__base_json="{}",
            **{
                "apps__one__tsconfig_json": {"extends": "../../tsconfig.root"},
                "tsconfig.root_json": {"compilerOptions": {"paths": {"@core": ["./libs/core/src"]}}},
            },
        )
        assert resolve(files, "apps/one/a.ts", "@core") == "libs/core/src/index.ts"

    def test_a_config_that_extends_itself(self, tmp_path: Path) -> None:
        files = project(tmp_path, "a.ts", tsconfig_json={"extends": "./tsconfig.json"})
        assert resolve(files, "a.ts", "b") is None


class TestPackages:
    def test_a_workspace_by_name(self, tmp_path: Path) -> None:
        files = project(
            tmp_path,
            "apps/api/a.ts",
            "packages/db/src/index.ts",
            "packages/db/src/client.ts",
            packages__db__package_json={"name": "@acme/db", "main": "dist/index.js"},
        )
        assert resolve(files, "apps/api/a.ts", "@acme/db") == "packages/db/src/index.ts"
        assert resolve(files, "apps/api/a.ts", "@acme/db/client") == "packages/db/src/client.ts"

    def test_exports(self, tmp_path: Path) -> None:
        files = project(
            tmp_path,
            "a.ts",
            "packages/x/src/main.ts",
            "packages/x/src/sub/one.ts",
            packages__x__package_json={
                "name": "x",
                "exports": {
                    ".": {"import": "./dist/main.mjs", "require": "./dist/main.cjs"},
                    "./*": {"default": "./dist/sub/*.js"},
                },
            },
        )
        assert resolve(files, "a.ts", "x") == "packages/x/src/main.ts"
        assert resolve(files, "a.ts", "x/one") == "packages/x/src/sub/one.ts"

    def test_imports_of_the_package_itself(self, tmp_path: Path) -> None:
        files = project(tmp_path, "src/a.ts", "src/db.ts", package_json={"imports": {"#db": "./src/db.ts"}})
        assert resolve(files, "src/a.ts", "#db") == "src/db.ts"

    def test_a_file_dependency(self, tmp_path: Path) -> None:
        files = project(
            tmp_path,
            "fn/a.js",
            "common/index.js",
            fn__package_json={"dependencies": {"shared": "file:../common"}},
        )
        assert resolve(files, "fn/a.js", "shared") == "common/index.js"

    def test_node_modules_is_library(self, tmp_path: Path) -> None:
        files = project(
            tmp_path,
            "a.js",
            "node_modules/x/index.js",
            node_modules__x__package_json={"name": "x"},
        )
        assert resolve(files, "a.js", "x") is None

    def test_a_layer(self, tmp_path: Path) -> None:
        files = project(tmp_path, "fn/a.js", "layer/nodejs/util.js", "layer/nodejs/node_modules/own/index.js")
        assert resolve(files, "fn/a.js", "/opt/nodejs/util", "fn", "layer") == "layer/nodejs/util.js"
        assert resolve(files, "fn/a.js", "own", "fn", "layer") == "layer/nodejs/node_modules/own/index.js"

    def test_new_files_are_seen_after_refresh(self, tmp_path: Path) -> None:
        files = project(tmp_path, "a.js")
        assert resolve(files, "a.js", "x") is None
        project(tmp_path, "x/index.js", x__package_json={"name": "x"})
        files.refresh()
        assert resolve(files, "a.js", "x") == "x/index.js"


class TestEntry:
    @pytest.mark.parametrize(
        ("handler", "expected"),
        [
            ("index.handler", [("src/index.ts", "handler")]),
            ("src/index.handler", [("src/index.ts", "handler")]),
            ("src/handlers/get.main", [("src/handlers/get.ts", "main")]),
            ("dist/handlers/get.main", [("src/handlers/get.ts", "main")]),
            ("get.main", [("src/handlers/get.ts", "main")]),
            ("src/index.routes.get", [("src/index.ts", "routes.get")]),
            ("orders.handler", [("src/orders/index.ts", "handler")]),
            ("missing.handler", []),
        ],
    )
    def test_a_handler_in_sources(self, tmp_path: Path, handler: str, expected: list[tuple[str, str]]) -> None:
        files = project(
            tmp_path,
            "src/index.ts",
            "src/handlers/get.ts",
            "src/orders/index.ts",
            "test/get.ts",
            "node_modules/x/get.ts",
        )
        assert entry(files, handler, "")[: len(expected) or 1] == expected

    def test_the_root_may_be_the_file_itself(self, tmp_path: Path) -> None:
        files = project(tmp_path, "src/orders.ts")
        assert entry(files, "index.handler", "src/orders.ts")[0] == ("src/orders.ts", "handler")

    def test_a_folder_that_was_not_built(self, tmp_path: Path) -> None:
        files = project(tmp_path, "service/src/get.ts")
        assert entry(files, "get.handler", "service/dist") == [("service/src/get.ts", "handler")]

    def test_several_files_of_one_name_come_best_first(self, tmp_path: Path) -> None:
        files = project(tmp_path, "a/users/get.ts", "a/orders/get.ts")
        assert entry(files, "orders/get.handler", "") == [("a/orders/get.ts", "handler")]

    def test_a_choice_between_equals_is_none(self, tmp_path: Path) -> None:
        files = project(tmp_path, "a/users/index.ts", "a/orders/index.ts")
        assert entry(files, "index.handler", "") == []

    def test_the_file_that_gives_out_the_name_is_it(self, tmp_path: Path) -> None:
        files = project(tmp_path, "a/users/index.ts", "a/orders/index.ts")
        (tmp_path / "a/users/index.ts").write_text("export const create = 1")
        assert entry(files, "index.create", "") == [("a/users/index.ts", "create")]

    def test_without_a_handler_its_shape_is_looked_for(self, tmp_path: Path) -> None:
        files = project(tmp_path, "b.ts", "lib/a.ts")
        assert entry(files, "", "") == [("b.ts", "handler")]
