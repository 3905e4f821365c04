"""What the syntax of JavaScript and TypeScript becomes in the common form."""

import time

import pytest

from iamgen.model.observation import Gap, GapReason
from iamgen.plugins import SourceFile
from iamgen.sources._program import form
from iamgen.sources.code.javascript import PLUGIN


def lower(text: str, path: str = "src/app.ts") -> form.Module:
    module = PLUGIN.lower(SourceFile(path=path, text=text.encode()))
    assert isinstance(module, form.Module), module
    return module


def shape(node: object) -> object:
    """Return a node as nested tuples, lines left out."""
    if isinstance(node, tuple):
        return tuple(shape(each) for each in node)
    if not hasattr(node, "__slots__"):
        return node
    fields = [name for name in node.__slots__ if name not in ("line", "end_line")]  # type: ignore[attr-defined]
    return (type(node).__name__, *(shape(getattr(node, name)) for name in fields))


def only(text: str, path: str = "src/app.ts") -> form.Stmt:
    module = lower(text, path)
    assert len(module.body) == 1, module.body
    return module.body[0]


def value(text: str) -> form.Expr:
    statement = only(f"x = {text}")
    assert isinstance(statement, form.Assign)
    assert statement.value is not None
    return statement.value


class TestExpressions:
    def test_a_call_keeps_its_lines_and_arguments(self) -> None:
        call = value("f(a,\n ...b)")
        assert isinstance(call, form.Call)
        assert (call.line, call.end_line, call.new) == (1, 2, False)
        assert shape(call.args) == (("Name", "a"), ("Spread", ("Name", "b")))

    def test_new_is_a_call_too(self) -> None:
        call = value("new AWS.DynamoDB.DocumentClient()")
        assert isinstance(call, form.Call)
        assert call.new
        assert isinstance(call.function, form.Attribute)
        assert call.function.name == "DocumentClient"

    @pytest.mark.parametrize("text", ["y as string", "y!", "<string>y", "y satisfies T", "(y)", "((y as any)!)"])
    def test_casts_are_what_they_cast(self, text: str) -> None:
        assert shape(value(text)) == ("Name", "y")

    def test_optional_members_are_members(self) -> None:
        assert shape(value("a?.b?.['c']")) == shape(value("a.b['c']"))

    def test_template_strings_keep_their_order(self) -> None:
        assert shape(value("`a\\n${b}c`")) == (
            "Template",
            (("Const", "a"), ("Const", "\n"), ("Name", "b"), ("Const", "c")),
        )

    def test_a_template_string_without_values_is_a_literal(self) -> None:
        assert shape(value("`ab`")) == ("Const", "ab")

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            (r"'a\'b'", "a'b"),
            (r"'\x41\u0042\u{43}'", "ABC"),
            ("0x10", 16),
            ("1_000", 1000),
            ("1.5", 1.5),
            ("-3", -3),
            ("undefined", None),
            ("void 0", None),
            ("null", None),
        ],
    )
    def test_literals(self, text: str, expected: object) -> None:
        assert shape(value(text)) == ("Const", expected)

    def test_logic(self) -> None:
        assert shape(value("a ?? b")) == ("Logical", "nullish", ("Name", "a"), ("Name", "b"))
        assert shape(value("a || b")) == ("Logical", "or", ("Name", "a"), ("Name", "b"))
        assert shape(value("!a")) == ("Not", ("Name", "a"))
        assert shape(value("a === b")) == ("Compare", "==", ("Name", "a"), ("Name", "b"))

    def test_objects(self) -> None:
        entries = value("{ a, 'b': 1, [c]: 2, ...d, m() { return 1 } }")
        assert isinstance(entries, form.DictExpr)
        keys = [shape(key) for key, _ in entries.entries]
        assert keys == [("Const", "a"), ("Const", "b"), ("Name", "c"), None, ("Const", "m")]
        assert isinstance(entries.entries[4][1], form.FunctionExpr)

    def test_what_has_no_counterpart_keeps_its_calls(self) -> None:
        opaque = value("typeof f(1)")
        assert isinstance(opaque, form.Opaque)
        assert isinstance(opaque.children[0], form.Call)

    def test_the_value_of_a_sequence_is_its_last(self) -> None:
        call = value("(0, lib.fn)(1)")
        assert isinstance(call, form.Call)
        assert shape(call.function) == ("Attribute", ("Name", "lib"), "fn")

    def test_jsx_keeps_its_calls(self) -> None:
        statement = only("x = <a b={f()}>{g()}</a>", "src/app.tsx")
        assert "'f'" in str(shape(statement))
        assert "'g'" in str(shape(statement))


class TestFunctionsAndClasses:
    def test_arrows_have_no_receiver_of_their_own(self) -> None:
        arrow, function = value("() => 1"), value("function () {}")
        assert isinstance(arrow, form.FunctionExpr)
        assert isinstance(function, form.FunctionExpr)
        assert (arrow.function.receiver, function.function.receiver) == (None, "this")
        assert shape(arrow.function.body) == (("Return", ("Const", 1)),)

    def test_a_function_takes_the_name_it_is_bound_to(self) -> None:
        statement = only("const run = async () => 1")
        assert isinstance(statement, form.Assign)
        assert isinstance(statement.value, form.FunctionExpr)
        assert statement.value.function.name == "run"
        assert statement.value.function.is_async

    def test_parameters(self) -> None:
        statement = only("function f(a: S3Client, { b, c: d = 1 }: X, [e, , g], h = 2, ...rest) {}")
        assert isinstance(statement, form.FunctionDef)
        params = statement.function.params
        assert shape(params[0]) == (
            "Param",
            ("Name", "a"),
            None,
            "positional",
            ("Name", "S3Client"),
        )
        assert shape(params[1].target) == (
            "DictExpr",
            (
                (("Const", "b"), ("Name", "b")),
                (("Const", "c"), ("Default", ("Name", "d"), ("Const", 1))),
            ),
        )
        assert shape(params[2].target) == (
            "ListExpr",
            (("Name", "e"), ("Opaque", (), ""), ("Name", "g")),
        )
        assert shape(params[3].default) == ("Const", 2)
        assert params[4].kind == "rest"

    def test_functions_come_first_in_their_block(self) -> None:
        module = lower("f();\nfunction f() {}")
        assert isinstance(module.body[0], form.FunctionDef)

    def test_var_in_a_block_belongs_to_the_function(self) -> None:
        statement = only("function f() { if (a) { var x = 1; } return x }")
        assert isinstance(statement, form.FunctionDef)
        first = statement.function.body[0]
        assert shape(first) == ("Assign", ("Name", "x"), None, None, True, False)

    def test_let_in_a_block_is_a_scope(self) -> None:
        statement = only("if (a) { const x = 1; }")
        assert isinstance(statement, form.If)
        assert isinstance(statement.then[0], form.Block)

    def test_a_class(self) -> None:
        statement = lower(
            """
            @Service()
            class Orders extends Base<Order> implements I {
              static readonly kind = 'x';
              private table = process.env.TABLE!;
              #client;
              constructor(private readonly db: DocumentClient) { super(db); }
              get name() { return 'n' }
              static create() { return new Orders(x) }
              @cached async find(id: string) { return this.#client.get(id) }
            }
            """
        ).body[0]
        assert isinstance(statement, form.ClassDef)
        cls = statement.cls
        assert (cls.name, shape(cls.bases), len(cls.decorators)) == (
            "Orders",
            (("Name", "Base"),),
            1,
        )
        fields = {s.target.id: s.field for s in cls.body if isinstance(s, form.Assign)}  # type: ignore[union-attr]
        assert fields == {"kind": False, "table": True, "#client": True}
        methods = {s.function.name: s.function for s in cls.body if isinstance(s, form.FunctionDef)}
        assert {name: each.kind for name, each in methods.items()} == {
            "__init__": "function",
            "name": "property",
            "create": "static",
            "find": "function",
        }
        assert shape(methods["__init__"].body[0])[:3] == (
            "Assign",
            ("Attribute", ("Name", "this"), "db"),
            ("Name", "db"),
        )
        assert len(methods["find"].decorators) == 1

    def test_an_enum_is_a_mapping(self) -> None:
        statement = only("export enum Table { Orders = 'orders', Users = 'users' }".removeprefix("export "))
        assert shape(statement)[2] == (
            "DictExpr",
            (
                (("Const", "Orders"), ("Const", "orders")),
                (("Const", "Users"), ("Const", "users")),
            ),
        )


class TestStatements:
    def test_switch_tries_its_cases_in_turn(self) -> None:
        module = lower("switch (a) { case 1: case 2: f(); break; default: throw g }")
        first, second = module.body
        assert isinstance(first, form.If)
        assert isinstance(second, form.If)
        assert isinstance(first.test, form.Logical)
        assert isinstance(second.test, form.Opaque)
        assert "Jump" not in str(shape(first))

    def test_loops(self) -> None:
        first, of, second, keys, plain = lower(
            "for (const a of b) f(a); for (const k in o) g(k); for (let i = 0; i < 3; i++) h(i)"
        ).body
        assert [shape(first)[1], shape(second)[1]] == [("Name", "a"), ("Name", "k")]
        assert isinstance(of, form.Loop)
        assert isinstance(keys, form.Loop)
        assert (of.keys, keys.keys) == (False, True)
        assert isinstance(plain, form.Block)
        assert isinstance(plain.body[1], form.Loop)

    def test_try(self) -> None:
        statement = only("try { f() } catch (e) { g(e) } finally { h() }")
        assert isinstance(statement, form.Try)
        assert statement.handlers[0].name == "e"
        assert len(statement.final) == 1

    def test_chained_targets_are_bound_each(self) -> None:
        module = lower("a = b = f()")
        assert [shape(s)[1] for s in module.body] == [
            ("Name", "assigned $1"),
            ("Name", "b"),
            ("Name", "a"),
        ]


class TestModules:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            (
                'import d, { a as b, type T } from "m"',
                ("Import", "m", (("default", "d"), ("a", "b")), None, False, 0, False),
            ),
            ('import * as n from "m"', ("Import", "m", (), "n", False, 0, False)),
            ('import "m"', ("Import", "m", (), None, False, 0, False)),
            ('export * from "m"', ("ExportFrom", "m", (), True, None)),
            ('export * as n from "m"', ("ExportFrom", "m", (), False, "n")),
            (
                'export { default as a } from "m"',
                ("ExportFrom", "m", (("default", "a"),), False, None),
            ),
            ("export default f", ("Export", "default", ("Name", "f"))),
            ("export = f", ("Export", "=", ("Name", "f"))),
            ("exports.a = f", ("Export", "a", ("Name", "f"))),
            ("exports['a'] = f", ("Export", "a", ("Name", "f"))),
            ("module.exports.a = f", ("Export", "a", ("Name", "f"))),
            ("module.exports = f", ("Export", "=", ("Name", "f"))),
            ('__exportStar(require("m"), exports)', ("ExportFrom", "m", (), True, None)),
        ],
    )
    def test_imports_and_exports(self, text: str, expected: object) -> None:
        assert shape(only(text)) == expected

    @pytest.mark.parametrize(
        "text",
        [
            'import type { A } from "m"',
            'import { type A } from "m"',
            "export type { A }",
            "interface A {}",
            "type A = B",
            "declare const a: B",
            "exports.a = void 0",
        ],
    )
    def test_types_are_nothing(self, text: str) -> None:
        assert lower(text).body == ()

    def test_a_declaration_is_exported_after_it(self) -> None:
        module = lower("export const { a, b: [c] } = f()")
        assert [shape(s)[1] for s in module.body[1:]] == ["a", "c"]

    def test_an_exported_list_sees_the_last_value(self) -> None:
        module = lower("export { a };\nlet a = 1;")
        assert shape(module.body[-1]) == ("Export", "a", ("Name", "a"))

    def test_require_and_dynamic_import(self) -> None:
        assert shape(value('require("m").a')) == ("Attribute", ("ImportExpr", "m"), "a")
        assert shape(value('await import("m")')) == ("Await", ("ImportExpr", "m"))
        assert shape(value("require(name)")) == ("ImportExpr", None)

    def test_process_is_the_global_one(self) -> None:
        assert lower('import process from "node:process"').body == ()
        assert shape(only('import { env } from "process"'))[2] == (
            "Attribute",
            ("Name", "process"),
            "env",
        )
        assert shape(value('require("process")')) == ("Name", "process")

    def test_what_compilers_write_is_undone(self) -> None:
        module = lower(
            """
            "use strict";
            Object.defineProperty(exports, "__esModule", { value: true });
            exports.handler = void 0;
            const client_s3_1 = require("@aws-sdk/client-s3");
            const lib_1 = __importDefault(require("./lib"));
            const handler = (event) => __awaiter(void 0, void 0, void 0, function* () {
                return yield (0, lib_1.default)(event);
            });
            exports.handler = handler;
            """,
            "dist/app.js",
        )
        assert shape(module.body[-1]) == ("Export", "handler", ("Name", "handler"))
        library = module.body[3]
        assert shape(library)[1:3] == (("Name", "lib_1"), ("ImportExpr", "./lib"))
        assert "__awaiter" not in str(shape(module.body))

    def test_what_a_bundler_exports(self) -> None:
        module = lower(
            """
            var src_exports = {};
            __export(src_exports, { handler: () => handler });
            module.exports = __toCommonJS(src_exports);
            var handler = async () => 1;
            """,
            "dist/bundle.js",
        )
        assert shape(module.body[-2])[1:3] == (
            ("Name", "src_exports"),
            ("DictExpr", ((("Const", "handler"), ("Name", "handler")),)),
        )
        assert shape(module.body[-1]) == ("Export", "=", ("Name", "src_exports"))

    def test_json_gives_out_its_content(self) -> None:
        module = lower('{"table": "orders", "list": [1, null]}', "src/config.json")
        assert shape(module.body) == (
            (
                "Export",
                "=",
                (
                    "DictExpr",
                    (
                        (("Const", "table"), ("Const", "orders")),
                        (("Const", "list"), ("ListExpr", (("Const", 1), ("Const", None)))),
                    ),
                ),
            ),
        )


class TestBadInput:
    def test_a_syntax_error_is_a_gap_beside_the_rest(self) -> None:
        module = lower("const a = f(1);\nconst b = ;\nconst c = g(2);", "src/app.js")
        assert [gap.reason for gap in module.gaps] == [GapReason.SYNTAX_ERROR]
        assert module.gaps[0].location is not None
        assert module.gaps[0].location.line == 2
        assert "'f'" in str(shape(module.body))
        assert "'g'" in str(shape(module.body))

    def test_types_in_a_js_file_are_understood(self) -> None:
        module = lower("const a = (b: string): number => 1;", "src/app.js")
        assert module.gaps == ()

    @pytest.mark.parametrize(
        "text",
        [
            b"\xff\xfe\x00const a",
            b"(" * 20_000,
            b"[" * 5_000 + b"]" * 5_000,
            b"a=" + b"!" * 20_000 + b"b",
            b"x=" + b"+".join([b"'a'"] * 20_000),
            b"f" + b"(1)" * 5_000,
            b"if(a){}else " * 3_000 + b"b()",
            b"\0" * 1000,
            b"`${" * 3000,
            b"{" * 3000,
        ],
    )
    @pytest.mark.parametrize("suffix", [".js", ".ts", ".tsx"])
    def test_odd_input_is_answered_soon(self, text: bytes, suffix: str) -> None:
        start = time.process_time()
        answer = PLUGIN.lower(SourceFile(path=f"a{suffix}", text=text))
        assert time.process_time() - start < 2
        assert isinstance(answer, form.Module | Gap)

    def test_a_huge_file_is_a_gap(self) -> None:
        answer = PLUGIN.lower(SourceFile(path="a.js", text=b"f(1);" * 2_000_000))
        assert isinstance(answer, Gap)
        assert answer.reason is GapReason.LIMIT
        assert answer.services is None

    def test_a_long_sum_of_text_is_text(self) -> None:
        assert isinstance(value(" + ".join(["'a'", *["b"] * 200])), form.Template)

    def test_a_declaration_file_is_empty(self) -> None:
        assert lower("export declare function f(): void;", "src/app.d.ts").body == ()
