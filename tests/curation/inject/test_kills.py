"""Executed bugs: most bugs injected into small Python functions make one of their checks fail."""

import signal
from collections import Counter

import pytest

from themis_rm.curation.inject import inject

# Function -> checks, which cover all that the function should do, including edge cases.
FUNCTIONS = {
    "clamp": (
        """def clamp(value, low, high):
    if low > high:
        raise ValueError('low > high')
    if value < low:
        return low
    if value > high:
        return high
    return value
""",
        """assert [clamp(x, 2, 5) for x in (1, 2, 3, 5, 6)] == [2, 2, 3, 5, 5]
assert clamp(1, 1, 1) == 1
try:
    clamp(1, 3, 2)
except ValueError:
    pass
else:
    raise AssertionError
""",
    ),
    "binary_search": (
        """def binary_search(items, wanted):
    low = 0
    high = len(items) - 1
    while low <= high:
        middle = (low + high) // 2
        if items[middle] == wanted:
            return middle
        if items[middle] < wanted:
            low = middle + 1
        else:
            high = middle - 1
    return -1
""",
        """for n in range(8):
    items = [2 * i for i in range(n)]
    for i in range(n):
        assert binary_search(items, 2 * i) == i
    for i in range(-1, n + 1):
        assert binary_search(items, 2 * i + 1) == -1
""",
    ),
    "merge": (
        """def merge(left, right):
    merged = []
    i = 0
    j = 0
    while i < len(left) and j < len(right):
        if left[i] <= right[j]:
            merged.append(left[i])
            i += 1
        else:
            merged.append(right[j])
            j += 1
    merged.extend(left[i:])
    merged.extend(right[j:])
    return merged
""",
        """for a, b in [([], []), ([1], []), ([], [2]), ([1, 3, 5], [2, 3, 4]), ([9], [1, 2]), ([1, 2], [9, 10])]:
    assert merge(a, b) == sorted(a + b)
assert [type(x) for x in merge([1], [1.0])] == [int, float]
""",
    ),
    "runs": (
        """def runs(text):
    found = []
    count = 0
    last = None
    for letter in text:
        if letter != last and count > 0:
            found.append((last, count))
            count = 0
        last = letter
        count += 1
    if count > 0:
        found.append((last, count))
    return found
""",
        """assert runs('') == []
assert runs('a') == [('a', 1)]
assert runs('aabccc') == [('a', 2), ('b', 1), ('c', 3)]
""",
    ),
    "is_prime": (
        """def is_prime(number):
    if number < 2:
        return False
    divisor = 2
    while divisor * divisor <= number:
        if number % divisor == 0:
            return False
        divisor += 1
    return True
""",
        """primes = [n for n in range(-3, 60) if is_prime(n)]
assert primes == [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59]
""",
    ),
    "balanced": (
        """def balanced(text):
    pairs = {')': '(', ']': '['}
    stack = []
    for letter in text:
        if letter in pairs.values():
            stack.append(letter)
        elif letter in pairs:
            if not stack or stack.pop() != pairs[letter]:
                return False
    return not stack
""",
        """assert all(map(balanced, ['', '()', '[()]', 'a(b)c', '()[]']))
assert not any(map(balanced, ['(', ')', '(]', '([)]', '())', '(()']))
""",
    ),
    "average": (
        """def average(values, skip_negative=False):
    total = 0
    count = 0
    for value in values:
        if skip_negative and value < 0:
            continue
        total += value
        count += 1
    if count == 0:
        return None
    return total / count
""",
        """assert average([]) is None
assert average([1, 2, 6]) == 3
assert average([-2, 4]) == 1
assert average([-2, 4, 0], True) == 2
assert average([-1], True) is None
""",
    ),
    "words": (
        """def words(text, limit, least=2):
    counts = {}
    for word in text.lower().split():
        word = word.strip('.,')
        if len(word) < least:
            continue
        counts[word] = counts.get(word, 0) + 1
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ranked[:limit]
""",
        """assert words('', 3) == []
assert words('The cat, the dog. A bird, the END cat', 3) == [('the', 3), ('cat', 2), ('bird', 1)]
assert words('it is a', 9) == [('is', 1), ('it', 1)]
assert words('a b bb', 5, least=1)[0] == ('a', 1)
""",
    ),
    "transpose": (
        """def transpose(rows):
    if not rows:
        return []
    width = len(rows[0])
    columns = []
    for x in range(width):
        column = []
        for y in range(len(rows)):
            column.append(rows[y][x])
        columns.append(column)
    return columns
""",
        """assert transpose([]) == []
assert transpose([[1, 2, 3], [4, 5, 6]]) == [[1, 4], [2, 5], [3, 6]]
assert transpose([[7]]) == [[7]]
""",
    ),
    "roman": (
        """def roman(number):
    if not 0 < number < 4000:
        raise ValueError(number)
    steps = [(1000, 'M'), (900, 'CM'), (500, 'D'), (400, 'CD'), (100, 'C'), (90, 'XC'), (50, 'L'), (40, 'XL'),
             (10, 'X'), (9, 'IX'), (5, 'V'), (4, 'IV'), (1, 'I')]
    text = ''
    for value, letters in steps:
        while number >= value:
            text += letters
            number -= value
    return text
""",
        """known = {1: 'I', 4: 'IV', 9: 'IX', 14: 'XIV', 40: 'XL', 90: 'XC', 400: 'CD', 1994: 'MCMXCIV',
         3888: 'MMMDCCCLXXXVIII'}
for n, text in known.items():
    assert roman(n) == text
assert roman(3999) == 'MMMCMXCIX' and roman(555) == 'DLV'
for n in (0, 4000, -1):
    try:
        roman(n)
    except ValueError:
        continue
    raise AssertionError
""",
    ),
    "longest_rise": (
        """def longest_rise(values):
    best = 0
    current = 0
    previous = None
    for value in values:
        if previous is not None and value > previous:
            current += 1
        else:
            current = 1
        best = max(best, current)
        previous = value
    return best
""",
        """assert longest_rise([]) == 0
assert longest_rise([3]) == 1
assert longest_rise([1, 2, 2, 3, 4, 1]) == 3
assert longest_rise([5, 4, 3]) == 1
assert longest_rise([0, 1, 2, 3]) == 4
""",
    ),
    "parse_pairs": (
        """def parse_pairs(text, separator=';', strict=False):
    pairs = {}
    for part in text.split(separator):
        if not part.strip():
            continue
        key, equals, value = part.partition('=')
        if not equals and strict:
            raise ValueError(part)
        pairs[key.strip()] = value.strip() if equals else None
    return pairs
""",
        """assert parse_pairs('') == {}
assert parse_pairs('a=1; b = x=y ;;c') == {'a': '1', 'b': 'x=y', 'c': None}
assert parse_pairs('a=1,b=2', ',', True) == {'a': '1', 'b': '2'}
try:
    parse_pairs('a', strict=True)
except ValueError:
    pass
else:
    raise AssertionError
""",
    ),
}
SEEDS = 40


def _fails(code: str, checks: str) -> bool:
    def stop(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, 0.2)  # a bug may loop forever, which is a failure too
    try:
        exec(compile(code + checks, "<bugged>", "exec"), {})
    except Exception:
        return True
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    return False


@pytest.mark.parametrize("name", FUNCTIONS)
def test_checks_pass_without_a_bug(name):
    assert not _fails(*FUNCTIONS[name])


def kill_rate():
    """Return the number of bugs that fail a check and of all bugs, by operator; each distinct bug counts once."""
    injected, killed = Counter(), Counter()
    for name, (code, checks) in FUNCTIONS.items():
        bugs = {inject(code, "Python", seed=f"{name}{n}")[0] for n in range(SEEDS)}
        for bug in sorted(bugs, key=lambda bug: (bug.operator, bug.code)):
            injected[bug.operator] += 1
            killed[bug.operator] += _fails(bug.code, checks)
    return killed, injected


def test_most_bugs_make_a_check_fail():
    killed, injected = kill_rate()
    assert injected.total() > 150
    assert killed.total() / injected.total() > 0.85
