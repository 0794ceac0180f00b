from datetime import datetime, timedelta

from solution import next_departures

START = datetime(2024, 1, 1)
read = 0


def line(name, first, every, total):
    global read
    for number in range(total):
        read += 1
        yield START + timedelta(minutes=first + every * number), name, "Harbour"


def board(total):
    return next_departures([line("S1", 0, 10, total), line("S2", 5, 20, total)], START + timedelta(minutes=20), 4)


minutes = [(time - START) // timedelta(minutes=1) for time, _, _ in board(500)]
assert minutes == [20, 25, 30, 40], minutes
assert [name for _, name, _ in board(500)] == ["S1", "S2", "S1", "S1"]
assert next_departures([], START, 3) == []
assert len(next_departures([line("S3", 0, 1, 2)], START, 9)) == 2
assert read < 100, f"{read} departures were read for two boards of 4"
