from solution import split_cents


def raises(*args):
    try:
        split_cents(*args)
    except ValueError:
        return True
    return False


assert split_cents(100, {"a": 1, "b": 1}) == {"a": 50, "b": 50}
assert split_cents(101, {"web": 3, "data": 1}) == {"web": 76, "data": 25}
assert split_cents(10, {"zoo": 2, "ape": 1}) == {"zoo": 7, "ape": 3}
assert split_cents(0, {"a": 4}) == {"a": 0}
assert raises(5, {}) and raises(-1, {"a": 1}) and raises(5, {"a": -1})
assert list(split_cents(7, {"z": 1, "a": 1, "m": 5})) == ["z", "a", "m"]
assert split_cents(100, {"api": 1, "batch": 1, "web": 1}) == {"api": 34, "batch": 33, "web": 33}
assert split_cents(100, {"web": 1, "api": 1, "batch": 1}) == {"web": 34, "api": 33, "batch": 33}
assert split_cents(5, {"a": 0, "b": 0, "c": 0}) == {"a": 2, "b": 2, "c": 1}
