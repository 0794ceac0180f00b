from solution import Board


def raises(board, *args):
    try:
        board.move(*args)
    except KeyError:
        return True
    return False


start = {"todo": ["a", "b"], "doing": [], "done": ["c"]}
board = Board(start)
assert board.undo() is False
assert raises(board, "x", "done") and raises(board, "a", "nowhere")
assert board.columns() == {"todo": ["a", "b"], "doing": [], "done": ["c"]}
board.move("a", "doing")
board.columns()["doing"].append("stray")
assert board.columns() == {"todo": ["b"], "doing": ["a"], "done": ["c"]}
board.move("a", "done")
assert board.columns() == {"todo": ["b"], "doing": [], "done": ["c", "a"]}
assert start == {"todo": ["a", "b"], "doing": [], "done": ["c"]}
assert board.undo() is True
assert board.columns() == {"todo": ["b"], "doing": ["a"], "done": ["c"]}
assert board.undo() is True and board.undo() is False
assert board.columns() == {"todo": ["a", "b"], "doing": [], "done": ["c"]}
