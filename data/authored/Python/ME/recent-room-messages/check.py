from solution import recent_messages

alive = most = 0


class Text(str):
    def __new__(cls, value):
        global alive, most
        alive += 1
        most = max(most, alive)
        return super().__new__(cls, value)

    def __del__(self):
        global alive
        alive -= 1


def journal(count):
    for number in range(count):
        yield ("tea", "coffee")[number % 2], "ann", Text(f"message {number}")


found = recent_messages(journal(2000), 3)
assert [text for _, text in found["tea"]] == ["message 1994", "message 1996", "message 1998"]
assert found["coffee"][-1] == ("ann", "message 1999")
assert recent_messages(iter([]), 3) == {}
assert recent_messages(iter([("a", "b", "c")]), 3) == {"a": [("b", "c")]}
assert most < 50, f"{most} messages were held at once to return 6"
