"""Results of scoring calls: display, data frames and files."""

import pytest

from themis_rm.errors import InputError
from themis_rm.serve.results import Ranking, Scores, ScoreTable, rank_candidates

SCORES = Scores(scores={"FC": 1.25, "SH": None}, failures={"SH": "prompt-too-long"})
TABLE = ScoreTable(responses=[Scores(scores={"FC": 0.5}), Scores(scores={"FC": 2.0})])
RANKING = rank_candidates(TABLE, {"FC": 1.0})


def test_a_repr_has_the_main_figures():
    assert repr(SCORES) == "<Scores: FC +1.250, SH ->"
    assert repr(TABLE) == "<ScoreTable: 2 responses>"
    assert repr(RANKING) == "<Ranking: 2 candidates, best first: #1 +2.000, #0 +0.500>"


@pytest.mark.parametrize("result", [SCORES, TABLE, RANKING], ids=lambda result: type(result).__name__)
def test_a_result_is_equal_after_saving_and_loading(result, tmp_path):
    result.save(tmp_path / "result.json")
    assert type(result).load(tmp_path / "result.json") == result


@pytest.mark.parametrize("result", [SCORES, TABLE, RANKING], ids=lambda result: type(result).__name__)
def test_a_data_frame_has_the_rows_of_records(result):
    pytest.importorskip("pandas")
    frame = result.to_pandas()
    assert list(frame.columns) == list(result.records()[0])
    assert len(frame) == len(result.records())


def test_html_shows_every_row():
    assert TABLE._repr_html_().count("<tr>") == 3


def test_scores_are_a_read_only_mapping():
    assert dict(SCORES.items()) == {"FC": 1.25, "SH": None}
    assert "FC" in SCORES
    assert len(SCORES) == 2


def test_float_needs_a_single_score():
    with pytest.raises(TypeError, match="one criterion"):
        float(SCORES)


def test_a_failure_is_raised_on_request():
    with pytest.raises(InputError, match="prompt-too-long"):
        SCORES.raise_on_failure()


def test_a_file_of_another_kind_is_refused(tmp_path):
    TABLE.save(tmp_path / "table.json")
    with pytest.raises(InputError, match="is not a valid file of a ranking"):
        Ranking.load(tmp_path / "table.json")
