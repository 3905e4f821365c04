import ast

import pytest

from iamgen.plugins import SourceFile
from iamgen.sources._program import form
from iamgen.sources.code._python_newer import rewritten
from iamgen.sources.code.python import lower


@pytest.mark.parametrize(
    "source",
    [
        'x = f"{event["id"]}/{", ".join(names)}"',
        "x = f'{event['a']}' + f'{{literal}}'",
        'x = f"{chr(10).join(a)}{"\\n".join(b)}"',
        "type Names = list[str]",
        "def f[T](x: T) -> T:\n    return x",
        "class Box[T]:\n    pass",
        "try:\n    pass\nexcept ValueError, KeyError:\n    pass",
    ],
)
def test_newer_syntax_can_be_parsed_and_keeps_its_lines(source: str) -> None:
    made = rewritten(source.encode())
    ast.parse(made)
    assert made.count(b"\n") == source.count("\n")
    assert isinstance(lower(SourceFile(path="a.py", text=source.encode())), form.Module)


def test_what_was_fine_stays_the_same() -> None:
    source = b"x = f'{a}' + f\"{b['c']}\" + 'f\"{' + rf'\\d{n}'\ny = f'''{a}\n{b}'''\n"
    ast.parse(source)
    assert ast.dump(ast.parse(rewritten(source))) == ast.dump(ast.parse(source))
