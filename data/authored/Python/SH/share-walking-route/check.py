import base64
import pickle
import zlib

from solution import Route, from_code, to_code

called = []


class Hostile:
    def __reduce__(self):
        return (exec, ("import __main__; __main__.called.append(1)",))


route = Route("Round the lake", [(47.25, 8.5), (47.26, 8.51)])
code = to_code(route)
assert set(code) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
assert from_code(code) == route
assert len(to_code(Route("Long", [(47.25, 8.5)] * 5000))) < 5000
for wrong in ("", "abc", code[:-9]):
    try:
        from_code(wrong)
        raise SystemExit(f"{wrong!r} was accepted")
    except ValueError:
        pass

hostile = base64.urlsafe_b64encode(zlib.compress(pickle.dumps(Hostile()))).decode()
try:
    from_code(hostile)
except (ValueError, TypeError):
    pass
assert not called, "a pasted code ran a function"
