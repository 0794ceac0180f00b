from solution import retime


def line(start, end):
    return f"1\n{start} --> {end}\nHello, 12:00!\n\n"


assert retime("no times here\n", 500, 1.0) == "no times here\n"
assert retime(line("00:01:02,345", "00:01:04,000"), 0, 1.0) == line("00:01:02,345", "00:01:04,000")
assert retime(line("00:59:59,500", "01:00:00,250"), 750, 1.0) == line("01:00:00,250", "01:00:01,000")
assert retime(line("00:00:01,000", "00:00:03,000"), -2000, 1.0) == line("00:00:00,000", "00:00:01,000")
assert retime(line("00:00:10,000", "00:00:20,000"), 125, 0.5) == line("00:00:05,125", "00:00:10,125")
assert retime(line("00:00:59,999", "01:59:59,994"), 0, 1.00001) == line("00:01:00,000", "02:00:00,066")
assert retime(line("00:29:59,982", "00:30:00,000"), 0, 1.00001) == line("00:30:00,000", "00:30:00,018")
