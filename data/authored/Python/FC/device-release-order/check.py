from solution import newest_first


def raises(versions):
    try:
        newest_first(versions)
    except ValueError:
        return True
    return False


assert newest_first([]) == []
assert newest_first(["1.9.0", "1.10.0", "1.9.12"]) == ["1.10.0", "1.9.12", "1.9.0"]
assert newest_first(["2.4.0-rc.1", "2.4.0", "2.4.0-beta", "2.4.0-rc.11"]) == [
    "2.4.0",
    "2.4.0-rc.11",
    "2.4.0-rc.1",
    "2.4.0-beta",
]
assert newest_first(["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-7"]) == ["1.0.0-alpha.1", "1.0.0-alpha", "1.0.0-7"]
assert newest_first(["1.0.0+a", "1.0.0", "1.0.0+b"]) == ["1.0.0+a", "1.0.0", "1.0.0+b"]
assert newest_first(["1.0.0-rc.1+x-y", "1.0.0-rc.2"]) == ["1.0.0-rc.2", "1.0.0-rc.1+x-y"]
assert raises(["1.0"]) and raises(["1.0.x"])
assert newest_first(["2.4.0-rc.1", "2.4.0+linux-7", "2.3.9"]) == ["2.4.0+linux-7", "2.4.0-rc.1", "2.3.9"]
