"""Which functions of a tools file Monty can run as CPython would, and the part of the file that they need.

A function is chosen only if all that it reaches (other functions, tables, imports) is in the part of Python
that is known to be the same, changes nothing that outlives the call, and reads no table that other code of
the file may change. Its calls have no order and no state, and may run anywhere. What is in doubt is left to
the other interpreter, with the reason.

    >>> source = read(b"RATE = 2\\n\\ndef double(x: int) -> int:\\n    return x * RATE\\n", {"double"})
    >>> print(source.code(source.tools))
    RATE = 2
    def double(x):
        return x * RATE
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import NamedTuple

from callwright.toolbox.monty import effects, statements
from callwright.toolbox.monty.syntax import BUILTINS, CHANGING, ERRORS, Syntax
from callwright.toolbox.monty.tables import Module, is_harmless
from callwright.toolbox.monty.types import Reader, Unfit, reader
from callwright.toolbox.monty.values import layers


class Tool(NamedTuple):
    """A function that Monty can run."""

    readers: Mapping[str, Reader]
    """By parameter."""
    statements: frozenset[int]
    """Numbers of the statements of the file that it needs."""


class Source(NamedTuple):
    """What Monty runs of a file."""

    tools: Mapping[str, Tool]
    refused: Mapping[str, str]
    """Why the other functions stay with CPython."""
    texts: tuple[str, ...] = ()
    """The statements of the file as Monty gets them."""

    def code(self, names: Iterable[str]) -> str:
        """Return the source of these tools and of all that they reach, in the order of the file."""
        needed = sorted({number for name in names for number in self.tools[name].statements})
        return "\n".join(self.texts[number] for number in needed)


def read(source: bytes, names: set[str]) -> Source:
    """Return which of the functions with these names Monty can run, and how."""
    try:
        file = _File(source)
    except (Unfit, SyntaxError, ValueError, RecursionError) as error:
        return Source({}, dict.fromkeys(sorted(names), str(error)))
    tools: dict[str, Tool] = {}
    refused: dict[str, str] = {}
    for name in sorted(names):
        try:
            tools[name] = file.tool(name)
        except Unfit as reason:
            refused[name] = str(reason)
    return Source(tools, refused, tuple(file.texts))


class _File:
    """One tools file, as far as it can be understood without running it."""

    def __init__(self, source: bytes) -> None:
        self._functions = {s.name: s for s in ast.parse(source).body if isinstance(s, ast.FunctionDef)}
        stripped = statements.Stripped().visit(ast.parse(source))
        self._body: list[ast.stmt] = [s for s in stripped.body if not statements.is_main(s)]
        self._parents = {
            child: node for s in self._body for node in ast.walk(s) for child in ast.iter_child_nodes(node)
        }
        self._bound: dict[str, list[int]] = {}
        """The numbers of the statements that bind a name, twice for one that does it in its own time."""
        for number, statement in enumerate(self._body):
            for name in statements.binds(statement):
                self._bound.setdefault(name, []).append(number)
        self._refuse_whole()
        imports = {
            n: d for s in self._body for n, d in statements.imports(s).items() if len(self._bound[n]) == 1
        }
        self._syntax = Syntax(self._parents, imports, self._layers())
        self.texts = [""] * len(self._body)
        self._mentions: list[set[str]] = []
        self._problems: dict[int, str] = {}
        self._guarded: list[int] = []
        """Functions that change a list if one stands where a number should; CPython would do that."""
        for number, statement in enumerate(self._body):
            self._mentions.append({n.id for n in ast.walk(statement) if isinstance(n, ast.Name)})
            try:
                self.texts[number] = self._text(statement, number)
            except Unfit as problem:
                self._problems[number] = str(problem)
        self._has_back_door = any(statements.is_back_door(n) for s in self._body for n in ast.walk(s))
        self._changed = self._changed_by_others()

    def tool(self, name: str) -> Tool:
        """Return how to run a function; raises Unfit with the reason why not."""
        function, numbers = self._functions.get(name), self._bound.get(name, [])
        if function is None or len(numbers) != 1:
            raise Unfit("not one plain function of the file")
        readers = self._readers(function)
        reached = self._reach(numbers)
        if numbers[0] in self._problems:
            raise Unfit(self._problems[numbers[0]])
        for number in sorted(reached):
            names = list(statements.binds(self._body[number]))
            if number in self._problems:
                raise Unfit(f"uses {names[0] if names else 'code'}: {self._problems[number]}")
            if any(len(self._bound[n]) > 1 for n in names):
                raise Unfit(f"uses {names[0]}, which is bound more than once")
            if number in self._changed:
                raise Unfit(f"uses {names[0]}, which other code of the file may change")
            if self._has_back_door and number != numbers[0] and not statements.imports(self._body[number]):
                raise Unfit(f"uses {names[0]}, and code of the file can reach it by other ways than its name")
        return Tool(readers, frozenset(reached))

    def _layers(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for name, numbers in self._bound.items():
            statement = self._body[numbers[0]]
            if len(numbers) == 1 and isinstance(statement, ast.Assign):
                depth = layers(statement.value) if len(statement.targets) == 1 else None
                if depth is not None and isinstance(statement.targets[0], ast.Name):
                    found[name] = depth
        return found

    def _refuse_whole(self) -> None:
        shadowed = self._bound.keys() & (BUILTINS | ERRORS)
        if shadowed:
            raise Unfit(f"the file gives {min(shadowed)} another meaning")
        if "*" in self._bound:
            raise Unfit("the file imports *")
        for statement in self._body:
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            if any(
                isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store) for n in ast.walk(statement)
            ):
                raise Unfit("the file changes a module or an object when it is imported")

    def _readers(self, function: ast.FunctionDef) -> dict[str, Reader]:
        arguments = function.args
        if arguments.posonlyargs or arguments.vararg or arguments.kwarg:
            raise Unfit("parameters without a name of their own")
        parameters = [*arguments.args, *arguments.kwonlyargs]
        missing: list[ast.expr | None] = [None] * (len(arguments.args) - len(arguments.defaults))
        readers: dict[str, Reader] = {}
        for parameter, default in zip(
            parameters, [*missing, *arguments.defaults, *arguments.kw_defaults], strict=True
        ):
            if parameter.annotation is None:
                raise Unfit(f"{parameter.arg} has no type")
            try:
                read = reader(parameter.annotation, self._meaning)
            except Unfit as problem:
                raise Unfit(f"{parameter.arg}: {problem}") from None
            may_be_none = isinstance(default, ast.Constant) and default.value is None
            readers[parameter.arg] = _or_none(read) if may_be_none else read
        return readers

    def _meaning(self, node: ast.expr) -> str | ast.expr | None:
        """Resolve a name in an annotation, see `monty_types.Resolve`."""
        if not isinstance(node, ast.Name):
            return self._syntax.dotted(node, set())
        if node.id not in self._bound:
            return node.id if node.id in vars(builtins) else None
        statement = self._body[self._bound[node.id][0]]
        if len(self._bound[node.id]) == 1 and isinstance(statement, ast.Assign):
            return statement.value
        return self._syntax.dotted(node, set())

    def _reach(self, start: Iterable[int]) -> set[int]:
        """Return the numbers of the statements that these lead to by the names they mention."""
        found: set[int] = set()
        todo = list(start)
        while todo:
            number = todo.pop()
            if number not in found:
                found.add(number)
                todo += self._next(number)
        return found

    def _next(self, number: int) -> set[int]:
        return {n for name in self._mentions[number] for n in self._bound.get(name, ())}

    def _changed_by_others(self) -> set[int]:
        """Return the tables that some code can reach which is not known to leave them alone."""
        candidates = [n for n in self._problems if not statements.imports(self._body[n])]
        module = self._module()
        suspects = {n for n in (*candidates, *self._guarded) if not self._is_harmless(n, module)}
        before = -1
        while len(suspects) > before:  # whoever calls such code may hand it a table
            before = len(suspects)
            suspects |= {n for n in range(len(self._body)) if suspects & self._next(n)}
        return {
            number
            for number in self._reach(suspects)
            if isinstance(statement := self._body[number], ast.Assign)
            and not statements.is_lasting(statement.value)
        }

    def _is_harmless(self, number: int, module: Module) -> bool:
        function = self._body[number]
        if not isinstance(function, ast.FunctionDef):
            return False
        own = statements.own_names(
            [node for part in (function.args, *function.body) for node in ast.walk(part)]
        )
        plain = {a.arg for a in ast.walk(function.args) if isinstance(a, ast.arg)}
        if any(function.name in m for n, m in enumerate(self._mentions) if n != number):
            # Other code calls it, perhaps with a table. But not where its author says that it takes a number.
            said = self._functions[function.name].args
            plain = {a.arg for a in (*said.args, *said.kwonlyargs) if _is_scalar(a.annotation)}
        return is_harmless(function, module, own, plain)

    def _module(self) -> Module:
        imports = {n for n, s in enumerate(self._body) if isinstance(s, ast.Import | ast.ImportFrom)}
        judged = {name for name, numbers in self._bound.items() if not imports & set(numbers)}
        tables = {
            n
            for n, s in enumerate(self._body)
            if isinstance(s, ast.Assign) and not statements.is_lasting(s.value)
        }
        leading = {name for name in judged if tables & self._reach(self._bound[name])}
        return Module(self._syntax, self._parents, judged, leading)

    def _text(self, statement: ast.stmt, number: int) -> str:
        """Return a statement as Monty gets it; raises Unfit if it is not known to do the same there."""
        if isinstance(statement, ast.Pass):
            return ""
        if isinstance(statement, ast.Import | ast.ImportFrom):
            return statements.import_text(statement)
        if isinstance(statement, ast.FunctionDef):
            if statement.decorator_list:
                raise Unfit("a decorator")
            parts: list[ast.AST] = [statement.args, *statement.body]
        elif isinstance(statement, ast.Assign) and all(isinstance(t, ast.Name) for t in statement.targets):
            parts = [statement.value]
        else:
            raise Unfit(f"the statement {type(statement).__name__}")
        nodes = [node for part in parts for node in ast.walk(part)]
        own = statements.own_names(nodes)
        self._check_names(nodes, own - statements.function_level(statement), own)
        self._syntax.check(nodes, own)
        self._mentions[number] = {n.id for n in nodes if isinstance(n, ast.Name) and n.id not in own}
        if isinstance(statement, ast.FunctionDef):
            unsafe = effects.check(statement, self._syntax, self._parents, own)
            if unsafe:
                self._guarded.append(number)
                statement = statements.Guarded(unsafe).visit(deepcopy(statement))
            return statements.unparsed(statement)
        if any(isinstance(n, ast.Attribute) and n.attr in CHANGING for n in nodes):
            raise Unfit("changes something while it is made")
        return statements.unparsed(statement)

    def _check_names(self, nodes: list[ast.AST], inner: set[str], own: set[str]) -> None:
        for name in inner:
            if name in self._bound or name in vars(builtins):
                raise Unfit(f"the name {name} for two things")
        for node in nodes:
            if not isinstance(node, ast.Name) or node.id in own:
                continue
            if node.id not in self._bound and node.id not in BUILTINS | ERRORS:
                raise Unfit(f"the name {node.id} (line {node.lineno})")
            if self._is_unknown_import(node.id):
                raise Unfit(f"the import of {node.id} (line {node.lineno})")
            if self._is_set(node.id) and not effects.is_set_use(node, self._syntax, self._parents, own):
                raise Unfit(f"a set whose order may show (line {node.lineno})")

    def _is_unknown_import(self, name: str) -> bool:
        binding = [self._body[number] for number in self._bound.get(name, ())]
        imported = any(isinstance(s, ast.Import | ast.ImportFrom) for s in binding)
        return imported and self._syntax.dotted(ast.Name(name), set()) is None

    def _is_set(self, name: str) -> bool:
        values = [s.value for n in self._bound.get(name, ()) if isinstance(s := self._body[n], ast.Assign)]
        return any(effects.is_set(value, self._syntax, set()) for value in values)


def _is_scalar(annotation: ast.expr | None) -> bool:
    return isinstance(annotation, ast.Name) and annotation.id in ("int", "float", "str", "bool")


def _or_none(read: Reader) -> Reader:
    return lambda value: None if value is None else read(value)
