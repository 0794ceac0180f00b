import tracemalloc

from solution import HeightGrid

WIDTH, HEIGHT = 300, 200


def raises(error, call, *args):
    try:
        call(*args)
    except error:
        return True
    return False


tracemalloc.start()
grid = HeightGrid(WIDTH, HEIGHT)
for y in range(HEIGHT):
    grid.load_row(y, (1000 + x * 7 + y for x in range(WIDTH)))
held, _ = tracemalloc.get_traced_memory()
tracemalloc.stop()

assert grid.at(0, 0) == 1000 and grid.at(299, 199) == 1000 + 299 * 7 + 199
grid.load_row(3, [-412] * WIDTH)
assert grid.at(17, 3) == -412 and grid.at(17, 2) == 1121
assert HeightGrid(4, 4).at(3, 3) == 0
assert raises(ValueError, grid.load_row, 0, [1, 2]) and raises(IndexError, grid.load_row, HEIGHT, [1] * WIDTH)
assert raises(IndexError, grid.at, -1, 0) and raises(IndexError, grid.at, WIDTH, 0)
assert held < 4 * WIDTH * HEIGHT, f"{held / WIDTH / HEIGHT:.0f} bytes are held for each point"
