"""Mutates the canonical solutions of HumanEval; run by UnitTestScorerTests.

    python mutate_solutions.py COUNT < problems.jsonl

For each problem one line, a JSON list of up to COUNT objects with `kind` and `code`: the whole
program with one operator, constant or condition of the solution changed. Which ones follows from
the program alone: they are spread evenly over all that there are.
"""

import ast
import copy
import json
import sys

COMPARISONS = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}
ARITHMETIC = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult, ast.Mod: ast.FloorDiv, ast.Pow: ast.Mult,
}


def negated(test):
    return ast.UnaryOp(op=ast.Not(), operand=test)


def changes(node):
    """What can be changed of a node: kinds, and functions that change a copy of it."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARISONS:
        other = COMPARISONS[type(node.ops[0])]
        yield "comparison", lambda copy: copy.ops.__setitem__(0, other())
    if isinstance(node, (ast.BinOp, ast.AugAssign)) and type(node.op) in ARITHMETIC:
        operator = ARITHMETIC[type(node.op)]
        yield "arithmetic", lambda copy: setattr(copy, "op", operator())
    if isinstance(node, ast.Constant) and type(node.value) is int:
        yield "constant", lambda copy: setattr(copy, "value", copy.value + 1)
    if isinstance(node, (ast.If, ast.While, ast.IfExp)):
        yield "condition", lambda copy: setattr(copy, "test", negated(copy.test))
    if isinstance(node, ast.BoolOp):
        junction = ast.Or if isinstance(node.op, ast.And) else ast.And
        yield "junction", lambda copy: setattr(copy, "op", junction())


def mutants(problem, most):
    tree = ast.parse(problem["prompt"] + problem["canonical_solution"])
    # Helpers that the prompt gives stay as they are.
    first = problem["prompt"].count("\n") + 1
    sites = [(place, number) for place, node in enumerate(ast.walk(tree))
             if getattr(node, "lineno", 0) >= first
             for number, _ in enumerate(changes(node))]
    count = min(most, len(sites))
    for place, number in (sites[len(sites) * i // count] for i in range(count)):
        mutant = copy.deepcopy(tree)
        node = list(ast.walk(mutant))[place]
        kind, change = list(changes(node))[number]
        change(node)
        yield {"kind": kind, "code": ast.unparse(ast.fix_missing_locations(mutant))}


def main():
    for line in sys.stdin:
        print(json.dumps(list(mutants(json.loads(line), int(sys.argv[1])))))


if __name__ == "__main__":
    main()
