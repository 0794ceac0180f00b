import sys

import solution


def lines_run(count):
    requires = {f"m{i}": {f"m{i + 1}", "os"} for i in range(count - 1)} | {f"m{count - 1}": set()}
    counted = 0

    def trace(frame, event, arg):
        nonlocal counted
        counted += event == "line"
        return trace

    sys.settrace(trace)
    try:
        order = solution.build_order(requires)
    finally:
        sys.settrace(None)
    assert order == [f"m{i}" for i in reversed(range(count))]
    return counted


try:
    solution.build_order({"a": {"b"}, "b": {"a"}, "c": set()})
    raise SystemExit("a circle was accepted")
except ValueError:
    pass
assert solution.build_order({}) == []
assert lines_run(400) < 3 * lines_run(200)
