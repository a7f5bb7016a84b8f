"""Mutates modules one place at a time and runs their tests: a mutant that they pass shows a claim that is missing.

    python tools/mutate.py g2tr/reducers/selection/*.py --number 8 --copy /tmp/mutants \
        --also tests/reducers/test_reducer.py

The working tree is copied and never changed. A child is forked for each mutant from a parent that has imported the
slow packages, but not g2tr, so that each imports the mutated module. Without a sample (`--number`), every mutant runs.
Not mutated: text, annotations, decorators, what is raised, logged or asserted, and what changes no result by its
meaning: `chunk` sizes, `strict=` of what has one length, and `stable=`, since torch always sorts stably on a CPU.
"""

import argparse
import ast
import copy
import difflib
import importlib
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from operator import setitem
from pathlib import Path

SLOW = "torch numpy transformers lightning diffusers hydra beartype jaxtyping pyarrow pytest"
SWAPS: dict[type, type] = {
    **{ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq},
    **{ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And},
    **{ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult},
    **{ast.Mod: ast.FloorDiv, ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd},
}
KEYWORDS = {"dim", "axis", "keepdim", "descending", "default", "min", "max", "initial", "key", "reverse", "weights"}
SPEECH = {"print", "info", "warning", "warn", "error", "debug"}
Change = Callable[[], object]


def changes(node: ast.AST, function: ast.FunctionDef | None) -> Iterator[Change]:
    """Ways to change one node in place."""
    match node:
        case ast.Compare(ops=ops):
            yield from (partial(setitem, ops, at, SWAPS[type(sign)]()) for at, sign in enumerate(ops))
        case ast.BinOp() | ast.AugAssign() | ast.BoolOp() if type(node.op) in SWAPS:
            yield partial(setattr, node, "op", SWAPS[type(node.op)]())
        case ast.Constant(value=bool(value)):
            yield partial(setattr, node, "value", not value)
        case ast.Constant(value=int(value) | float(value)):
            yield from (partial(setattr, node, "value", value + step) for step in (1, -1))
        case ast.UnaryOp(op=ast.USub() | ast.Invert()) if not isinstance(node.operand, ast.Constant):
            yield partial(setattr, node, "op", ast.UAdd())
        case ast.UnaryOp(op=ast.Not()):
            yield partial(setattr, node, "operand", ast.UnaryOp(ast.Not(), node.operand))
        case ast.If() | ast.IfExp() | ast.While() if not isinstance(node.test, ast.Compare):
            yield partial(setattr, node, "test", ast.UnaryOp(ast.Not(), node.test))
        case ast.comprehension(ifs=[test, *rest]) if not isinstance(test, ast.Compare):
            yield partial(setattr, node, "ifs", [ast.UnaryOp(ast.Not(), test), *rest])
        case ast.Call(keywords=words):
            yield from (partial(words.remove, word) for word in words if word.arg in KEYWORDS)
        case ast.Return() if function and (argument := unmodified(function)):
            yield partial(setattr, node, "value", ast.Name(argument, ast.Load()))
    for body in (getattr(node, name, None) for name in ("body", "orelse")):
        for at, statement in enumerate(body if isinstance(body, list) else ()):
            if acts(statement):
                yield partial(setitem, body, at, ast.Pass())


def unmodified(function: ast.FunctionDef) -> str | None:
    """The first argument that is annotated like the result."""
    result = function.returns and ast.unparse(function.returns)
    alike = (x.arg for x in function.args.args if x.annotation and ast.unparse(x.annotation) == result)
    return next(alike, None)


def acts(statement: ast.stmt) -> bool:
    """Whether a statement changes what exists already, so that the code without it still runs."""
    match statement:
        case ast.AugAssign() | ast.Assign(targets=[ast.Subscript() | ast.Attribute()]):
            return True
        case ast.Expr(value=ast.Call()):
            return not excluded(statement)
    return False


def excluded(node: ast.AST) -> bool:
    """Whether a node is what is said to a user or a type checker, or changes no result."""
    match node:
        case ast.Raise() | ast.Assert() | ast.JoinedStr():
            return True
        case ast.AnnAssign(target=ast.Name(id="chunk")) | ast.keyword(arg="strict" | "stable"):
            return True
        case ast.Expr(value=ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name))):
            return name in SPEECH
    return False


def places(node: ast.AST, function: ast.FunctionDef | None = None) -> Iterator[tuple[ast.AST, ast.FunctionDef | None]]:
    """All nodes that may change, with the functions they stand in, in the order of the source."""
    if excluded(node):
        return
    yield node, function
    inner = node if isinstance(node, ast.FunctionDef) else function
    for name, value in ast.iter_fields(node):
        if name not in ("annotation", "returns", "decorator_list"):
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from places(child, inner)


def mutants(source: str) -> Iterator[tuple[int, str, list[str]]]:
    """Every mutant of a module that is other code: the line of the change, the source, and the lines that differ."""
    tree = ast.parse(source)
    before = ast.unparse(tree).splitlines()
    counts = [sum(1 for _ in changes(*place)) for place in places(tree)]
    for index, count in enumerate(counts):
        for variant in range(count):
            other = copy.deepcopy(tree)
            node, function = list(places(other))[index]
            list(changes(node, function))[variant]()
            after = ast.unparse(ast.fix_missing_locations(other)).splitlines()
            if lines := [x for x in difflib.unified_diff(before, after, n=0) if x[:2] not in ("--", "++", "@@")]:
                yield getattr(node, "lineno", 0), "\n".join(after) + "\n", lines


def passes(tests: Sequence[str], limit: float, log: Path, cached: bool) -> bool:
    """Whether tests pass in a forked child; no in time means no."""
    child = os.fork()
    if not child:
        os.setsid()
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for stream in (1, 2):
            os.dup2(output, stream)
        sys.dont_write_bytecode = not cached
        options = f"-x -p no:cacheprovider --assert=plain --numprocesses=0 --basetemp={log.parent / 'temporary'}"
        os._exit(importlib.import_module("pytest").main([*options.split(), *tests]))
    end = time.monotonic() + limit
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status == 0
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def examine(module: str, args: argparse.Namespace) -> tuple[int, int]:
    """Runs the mutants of one module of the copy, and prints those that survive; how many ran and survived."""
    file, folder = Path(module), Path("tests", *Path(module).parts[1:-1])
    own = str(folder / f"test_{file.stem}.py")
    tests = list(dict.fromkeys([own, *args.also] if Path(own).is_file() and not args.spare_own else args.also))
    log, start = args.copy / "log", time.monotonic()
    if not tests or not passes(tests, 600, log, cached=True):
        print(f"{module}: it has no tests, or they fail without a mutation, see {log}", flush=True)
        return 0, 0
    limit = 10 + 5 * (time.monotonic() - start)
    source = file.read_text(encoding="utf-8")
    every = list(mutants(source))
    count = len(every) if args.number is None else min(args.number, len(every))
    chosen = random.Random(f"{args.seed} {module}").sample(every, count)
    survivors = []
    for line, mutant, diff in chosen:
        for stale in (file.parent / "__pycache__").glob(f"{file.stem}.*"):
            stale.unlink()
        file.write_text(mutant, encoding="utf-8")
        if passes(tests, limit, log, cached=False):
            survivors.append((line, diff))
    file.write_text(source, encoding="utf-8")
    print(f"{module}: {count} of {len(every)} ran, {len(survivors)} survive", flush=True)
    for line, diff in sorted(survivors):
        print(f"  line {line}", *diff, sep="\n    ", flush=True)
    return count, len(survivors)


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="+", help="files of g2tr; the test file of the same stem is run")
    parser.add_argument("--also", nargs="*", default=[], help="test files to run after it")
    parser.add_argument("--spare-own", action="store_true", help="run those alone")
    parser.add_argument("--number", type=int, help="how many mutants of each module; all without it")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--copy", type=Path, required=True, help="an empty or former folder for the copy")
    args = parser.parse_args()
    args.copy = args.copy.resolve()
    tree = args.copy / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree(".", tree, ignore=shutil.ignore_patterns(".git", "__pycache__", "outputs", ".*_cache"))
    os.chdir(tree)
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"  # what a test starts must not keep a mutant for the next
    for package in SLOW.split():
        importlib.import_module(package)
    results = [examine(module, args) for module in args.modules]
    ran, survive = (sum(column) for column in zip(*results, strict=True))
    print(f"{len(args.modules)} modules: {ran} mutants ran, {survive} survive")


if __name__ == "__main__":
    main()
